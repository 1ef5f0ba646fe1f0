using System.Buffers.Binary;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Decoding.SwapHeads;

/// <summary>
/// The convention of the published research checkpoints: the vocabulary has two more entries, <c>&lt;pad&gt;</c> and
/// <c>&lt;|defer|&gt;</c>, and the row of the latter, the last of the output projection, is the swap head of a single expert. Its
/// column of the logits is the deferral logit and belongs to no softmax.
/// </summary>
public static class ResearchConvention
{
    /// <summary>Rows that such a checkpoint has beyond its tokenizer's own: neither is ever emitted.</summary>
    public const int AddedRowCount = 2;

    /// <summary>The name of the last row in the tokenizer's list of added tokens: a checkpoint without it does not follow the convention.</summary>
    public const string DeferralToken = "<|defer|>";

    /// <summary>Ids that may be emitted: all but the padding and the deferral row.</summary>
    public static int UsableVocabularySize(ICheckpoint checkpoint) => checkpoint.Config.VocabularySize - AddedRowCount;

    /// <summary>Reads the swap head out of the output projection.</summary>
    /// <exception cref="CheckpointException">The checkpoint has no such row, or it is not finite.</exception>
    public static SwapHead ReadSwapHead(ICheckpoint checkpoint)
    {
        string name = checkpoint.Config.TiesEmbeddings ? "model.embed_tokens.weight" : "lm_head.weight";
        int rowCount = checkpoint.Config.VocabularySize;
        if (rowCount <= AddedRowCount)
            throw new CheckpointException($"{checkpoint.Directory}: a vocabulary of {rowCount} has no room for a deferral row.");
        TensorView projection = checkpoint.GetTensor(name, rowCount, checkpoint.Config.HiddenSize);
        float[] theta = ReadRow(projection, rowCount - 1, checkpoint.Config.HiddenSize);
        return theta.All(float.IsFinite)
            ? new SwapHead(theta, theta.Length)
            : throw new CheckpointException($"{checkpoint.Directory}: the last row of {name} holds a value that is not finite.");
    }

    private static unsafe float[] ReadRow(TensorView tensor, int row, int width)
    {
        int elementSize = tensor.ElementType == ElementType.Float32 ? sizeof(float) : sizeof(ushort);
        var bytes = new ReadOnlySpan<byte>(tensor.Data + (long)row * width * elementSize, width * elementSize);
        float[] values = new float[width];
        for (int i = 0; i < width; i++)
        {
            ReadOnlySpan<byte> element = bytes[(i * elementSize)..];
            values[i] = tensor.ElementType switch
            {
                ElementType.Float32 => BinaryPrimitives.ReadSingleLittleEndian(element),
                ElementType.Float16 => (float)BinaryPrimitives.ReadHalfLittleEndian(element),
                _ => BitConverter.Int32BitsToSingle(BinaryPrimitives.ReadInt16LittleEndian(element) << 16),
            };
        }

        return values;
    }
}
