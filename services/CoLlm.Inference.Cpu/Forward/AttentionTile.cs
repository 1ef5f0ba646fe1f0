using CoLlm.Inference.Cpu.Kernels;

namespace CoLlm.Inference.Cpu.Forward;

/// <summary>One thread's scratch memory for a tile of attention rows.</summary>
internal readonly unsafe struct AttentionTile
{
    public AttentionTile(byte* memory, int maxRows, int headDim, int valueStride, int scoreStride)
    {
        float* next = (float*)memory;
        Queries = Take(ref next, maxRows * headDim);
        Scores = Take(ref next, maxRows * scoreStride);
        Weights = Take(ref next, maxRows * Attention.Span);
        Values = Take(ref next, maxRows * valueStride);
        Running = Take(ref next, maxRows * valueStride);
        States = Take(ref next, maxRows * 2);
        Sums = Take(ref next, maxRows);
        Largest = Take(ref next, maxRows);
        ValueStride = valueStride;
    }

    /// <summary><c>[head_dim, rows]</c></summary>
    public float* Queries { get; }

    /// <summary>Scores of one span, then its weights. <c>[rows, span]</c></summary>
    public float* Scores { get; }

    /// <summary>The weights that all rows have. <c>[positions, rows]</c></summary>
    public float* Weights { get; }

    /// <summary>Weighted values of one span; before the first span, the queries as they come. <c>[rows, head_dim]</c></summary>
    public float* Values { get; }

    /// <summary>Weighted values of all spans so far. <c>[rows, head_dim]</c></summary>
    public float* Running { get; }

    /// <summary>Largest score and sum of weights so far. <c>[rows, 2]</c></summary>
    public float* States { get; }

    /// <summary>Sums of weights of one span. <c>[rows]</c></summary>
    public float* Sums { get; }

    /// <summary>Largest scores of one span. <c>[rows]</c></summary>
    public float* Largest { get; }

    private int ValueStride { get; }

    public static long ByteLength(int maxRows, int headDim, int valueStride, int scoreStride) =>
        sizeof(float) * (long)maxRows * (headDim + scoreStride + Attention.Span + (2 * valueStride) + 4 + (8 * Line));

    private const int Line = 16;

    /// <summary>Before the first span.</summary>
    public void Clear(int rows)
    {
        new Span<float>(Running, rows * ValueStride).Clear();
        for (int r = 0; r < rows; r++)
        {
            States[2 * r] = float.NegativeInfinity;
            States[(2 * r) + 1] = 0f;
        }
    }

    private static float* Take(ref float* next, int floats)
    {
        float* taken = next;
        next += (floats + Line - 1) / Line * Line;
        return taken;
    }
}
