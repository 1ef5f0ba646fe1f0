using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Cpu.Weights;

/// <summary>Packs all matrices of a model, on several threads.</summary>
internal static unsafe class ModelPacker
{
    private const int RowsPerCheck = 64;

    /// <summary>Packs into <paramref name="data"/> and checks on the way that every weight is finite.</summary>
    /// <param name="plan">What to pack.</param>
    /// <param name="data">Room for <see cref="ModelPlan.ByteLength"/> bytes.</param>
    /// <param name="threadCount">Threads to use.</param>
    /// <param name="progress">Told the fraction done, from several threads.</param>
    /// <exception cref="CheckpointException">A weight is NaN or infinite.</exception>
    public static void Pack(ModelPlan plan, nint data, int threadCount, IProgress<double>? progress)
    {
        var options = new ParallelOptions { MaxDegreeOfParallelism = threadCount };
        long done = 0;
        try
        {
            CheckEmbedding(plan.Embedding, options);
            for (int i = 0; i < plan.Matrices.Count; i++)
            {
                MatrixPlan matrix = plan.Matrices[i];
                PackedMatrix place = plan.Place(i, data);
                Parallel.For(0, matrix.Panels, options, panel =>
                {
                    PanelPacker.Pack(matrix, panel, (byte*)place.Data + (panel * place.PanelBytes));
                    long bytes = Interlocked.Add(ref done, place.PanelBytes);
                    progress?.Report((double)bytes / plan.ByteLength);
                });
            }
        }
        catch (AggregateException exception) when (exception.InnerException is CheckpointException inner)
        {
            throw new CheckpointException(inner.Message, inner);
        }
    }

    private static void CheckEmbedding(TensorView embedding, ParallelOptions options)
    {
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
