using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Memory;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Takes packed panels: their offset in the packed weights, and their bytes. Called from several threads.</summary>
internal unsafe delegate void PanelSink(long offset, byte* panel, long byteLength);

/// <summary>Packs all matrices of a model, on several threads.</summary>
internal static unsafe class ModelPacker
{
    private const int RowsPerCheck = 64;

    /// <summary>Packs panel by panel into <paramref name="sink"/> and checks on the way that every weight is finite.</summary>
    /// <param name="plan">What to pack.</param>
    /// <param name="sink">Receives every panel once, in no particular order.</param>
    /// <param name="threadCount">Threads to use.</param>
    /// <param name="progress">Told the fraction done, from several threads.</param>
    /// <exception cref="CheckpointException">A weight is NaN or infinite.</exception>
    public static void Pack(ModelPlan plan, PanelSink sink, int threadCount, IProgress<double>? progress)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threadCount };
        long done = 0;
        try
        {
            CheckEmbedding(plan, options);
            for (int i = 0; i < plan.Matrices.Count; i++)
            {
                MatrixPlan matrix = plan.Matrices[i];
                PackedMatrix place = plan.Place(i, 0);
                Parallel.For(0, matrix.Panels, options, () => new NativeBuffer(place.PanelBytes), (panel, _, buffer) =>
                {
                    PanelPacker.Pack(matrix, panel, buffer.Data);
                    sink(place.Data + (panel * place.PanelBytes), buffer.Data, place.PanelBytes);
                    long bytes = Interlocked.Add(ref done, place.PanelBytes);
                    progress?.Report((double)bytes / plan.ByteLength);
                    return buffer;
                }, static buffer => buffer.Dispose());
            }
        }
        catch (AggregateException exception) when (exception.InnerException is CheckpointException or IOException)
        {
            // The first is enough: each names a place, and all of them have to be mended.
            throw exception.InnerException is CheckpointException
                ? new CheckpointException(exception.InnerException.Message, exception)
                : new IOException(exception.InnerException.Message, exception);
        }
    }

    /// <summary>The embedding is read in place; where it is not packed as the output projection too, nobody else checks it.</summary>
    private static void CheckEmbedding(ModelPlan plan, ParallelOptions options)
    {
        if (plan.EmbeddingIsPacked)
            return;
        TensorView embedding = plan.Embedding;
        long rows = embedding.Shape[0];
        int depth = checked((int)embedding.Shape[1]);
        int checks = checked((int)((rows + RowsPerCheck - 1) / RowsPerCheck));
        Parallel.For(0, checks, options, () => new float[depth], (check, _, buffer) =>
        {
            for (long row = (long)check * RowsPerCheck; row < Math.Min(rows, ((long)check + 1) * RowsPerCheck); row++)
            {
                Elements.ToFloats(embedding.Data, embedding.ElementType, row * depth, buffer);
                if (!Elements.AllFinite(buffer))
                    Elements.RequireFinite(embedding, row * depth, depth);
            }
            return buffer;
        }, static _ => { });
    }
}
