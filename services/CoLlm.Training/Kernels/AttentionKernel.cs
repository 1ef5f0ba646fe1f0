using System.Numerics.Tensors;

namespace CoLlm.Training.Kernels;

/// <summary>
/// Causal softmax attention of all query heads that share one key/value head, within one sequence; scores are computed for a
/// block of query rows at a time and computed again for the gradient instead of being kept.
/// </summary>
internal static unsafe class AttentionKernel
{
    /// <summary>Query rows whose scores are held at once.</summary>
    internal const int BlockRows = 96;

    /// <summary>Computes the heads' outputs and the logarithm of every row's softmax denominator.</summary>
    /// <param name="shape">Sizes.</param>
    /// <param name="memory">The calling thread's scratch.</param>
    /// <param name="length">Rows of the sequence.</param>
    /// <param name="group">Which key/value head.</param>
    /// <param name="q"><c>[length, heads, headDim]</c>, rotated.</param>
    /// <param name="k"><c>[length, kvHeads, headDim]</c>, rotated.</param>
    /// <param name="v">As <paramref name="k"/>.</param>
    /// <param name="output">As <paramref name="q"/>; this group's heads are written.</param>
    /// <param name="logSum"><c>[length, heads]</c>; this group's heads are written.</param>
    public static void Forward(
        in AttentionShape shape, AttentionMemory memory, int length, int group, float* q, float* k, float* v, float* output, float* logSum)
    {
        float* keys = k + (group * shape.HeadDim);
        float* values = v + (group * shape.HeadDim);
        for (int head = group * shape.GroupSize; head < (group + 1) * shape.GroupSize; head++)
        {
            for (int first = 0; first < length; first += BlockRows)
            {
                ScoreBlock block = ScoreBlock.At(shape, first, Math.Min(BlockRows, length - first));
                float* scores = memory.Scores(block.Rows * block.Columns);
                Score(shape, memory, block, q + (head * shape.HeadDim), keys, scores);
                for (int row = 0; row < block.Rows; row++)
                    logSum[((first + row) * shape.HeadCount) + head] = Softmax(shape, block, row, scores + (row * block.Columns));
                Gemm.MultiplySerially(
                    memory.Packing,
                    MatrixView.RowMajor(scores, block.Rows, block.Columns),
                    MatrixView.RowMajor(values + ((long)block.FirstKey * shape.KeyValueWidth), block.Columns, shape.HeadDim, shape.KeyValueWidth),
                    output + ((long)first * shape.QueryWidth) + (head * shape.HeadDim), shape.QueryWidth, accumulate: false);
            }
        }
    }

    /// <summary>
    /// Computes the gradients of queries, keys and values: <c>dS = P (dP - rowsum(dO O))</c> with <c>P</c> recomputed from
    /// the stored denominators. This group's part of the key and value gradients must be zero on entry.
    /// </summary>
    public static void Backward(
        in AttentionShape shape, AttentionMemory memory, int length, int group, in AttentionValues values, in AttentionGradients gradients)
    {
        for (int head = group * shape.GroupSize; head < (group + 1) * shape.GroupSize; head++)
        {
            for (int first = 0; first < length; first += BlockRows)
                BackwardBlock(shape, memory, ScoreBlock.At(shape, first, Math.Min(BlockRows, length - first)), head, group, values, gradients);
        }
    }

    private static void BackwardBlock(
        in AttentionShape shape, AttentionMemory memory, ScoreBlock block, int head, int group, in AttentionValues at, in AttentionGradients gradients)
    {
        int dim = shape.HeadDim;
        long queryOffset = ((long)block.FirstRow * shape.QueryWidth) + (head * dim);
        long keyOffset = ((long)block.FirstKey * shape.KeyValueWidth) + (group * dim);
        float* p = memory.Scores(block.Rows * block.Columns);
        float* ds = memory.ScoreGradients(block.Rows * block.Columns);
        MatrixView dOutput = MatrixView.RowMajor(gradients.Output + queryOffset, block.Rows, dim, shape.QueryWidth);
        MatrixView values = MatrixView.RowMajor(at.V + keyOffset, block.Columns, dim, shape.KeyValueWidth);
        MatrixView keys = MatrixView.RowMajor(at.K + keyOffset, block.Columns, dim, shape.KeyValueWidth);
        MatrixView queries = MatrixView.RowMajor(at.Q + queryOffset, block.Rows, dim, shape.QueryWidth);

        Score(shape, memory, block, at.Q + (head * dim), at.K + (group * dim), p);
        Gemm.MultiplySerially(memory.Packing, dOutput, values.Transposed, ds, block.Columns, accumulate: false);
        for (int row = 0; row < block.Rows; row++)
        {
            long offset = queryOffset + ((long)row * shape.QueryWidth);
            float mean = TensorPrimitives.Dot(
                new ReadOnlySpan<float>(gradients.Output + offset, dim), new ReadOnlySpan<float>(at.Output + offset, dim));
            float logSum = at.LogSum[((block.FirstRow + row) * shape.HeadCount) + head];
            Probabilities(shape, block, row, p + (row * block.Columns), logSum);
            ScoreGradient(
                new Span<float>(ds + (row * block.Columns), block.Columns), new ReadOnlySpan<float>(p + (row * block.Columns), block.Columns),
                mean, shape.Scale);
        }

        MatrixView probabilities = MatrixView.RowMajor(p, block.Rows, block.Columns);
        MatrixView scoreGradients = MatrixView.RowMajor(ds, block.Rows, block.Columns);
        Gemm.MultiplySerially(memory.Packing, probabilities.Transposed, dOutput, gradients.V + keyOffset, shape.KeyValueWidth, accumulate: true);
        Gemm.MultiplySerially(memory.Packing, scoreGradients, keys, gradients.Q + queryOffset, shape.QueryWidth, accumulate: false);
        Gemm.MultiplySerially(memory.Packing, scoreGradients.Transposed, queries, gradients.K + keyOffset, shape.KeyValueWidth, accumulate: true);
    }

    private static void Score(in AttentionShape shape, AttentionMemory memory, ScoreBlock block, float* q, float* k, float* scores) =>
        Gemm.MultiplySerially(
            memory.Packing,
            MatrixView.RowMajor(q + ((long)block.FirstRow * shape.QueryWidth), block.Rows, shape.HeadDim, shape.QueryWidth),
            MatrixView.RowMajor(k + ((long)block.FirstKey * shape.KeyValueWidth), block.Columns, shape.HeadDim, shape.KeyValueWidth).Transposed,
            scores, block.Columns, accumulate: false);

    private static float Softmax(in AttentionShape shape, ScoreBlock block, int row, float* scores)
    {
        Span<float> visible = Visible(shape, block, row, scores);
        TensorPrimitives.Multiply(visible, shape.Scale, visible);
        float greatest = TensorPrimitives.Max<float>(visible);
        TensorPrimitives.Subtract(visible, greatest, visible);
        TensorPrimitives.Exp(visible, visible);
        float sum = TensorPrimitives.Sum<float>(visible);
        TensorPrimitives.Multiply(visible, 1 / sum, visible);
        return greatest + MathF.Log(sum);
    }

    private static void Probabilities(in AttentionShape shape, ScoreBlock block, int row, float* scores, float logSum)
    {
        Span<float> visible = Visible(shape, block, row, scores);
        TensorPrimitives.Multiply(visible, shape.Scale, visible);
        TensorPrimitives.Subtract(visible, logSum, visible);
        TensorPrimitives.Exp(visible, visible);
    }

    private static void ScoreGradient(Span<float> gradient, ReadOnlySpan<float> p, float mean, float scale)
    {
        TensorPrimitives.Subtract(gradient, mean, gradient);
        TensorPrimitives.Multiply(gradient, p, gradient);
        TensorPrimitives.Multiply(gradient, scale, gradient);
    }

    // The part of a row of scores that the causal mask and the window leave; the rest becomes zero.
    private static Span<float> Visible(in AttentionShape shape, ScoreBlock block, int row, float* scores)
    {
        int from = shape.FirstVisible(block.FirstRow + row) - block.FirstKey;
        int to = block.FirstRow + row + 1 - block.FirstKey;
        new Span<float>(scores, from).Clear();
        new Span<float>(scores + to, block.Columns - to).Clear();
        return new Span<float>(scores + from, to - from);
    }

    /// <summary>Query rows [FirstRow, FirstRow + Rows) and the keys any of them can see.</summary>
    private readonly record struct ScoreBlock(int FirstRow, int Rows, int FirstKey, int Columns)
    {
        public static ScoreBlock At(in AttentionShape shape, int firstRow, int rows)
        {
            int firstKey = shape.FirstVisible(firstRow);
            return new ScoreBlock(firstRow, rows, firstKey, firstRow + rows - firstKey);
        }
    }
}
