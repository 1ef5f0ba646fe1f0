using CoLlm.Training.Kernels;

namespace CoLlm.Training.Tests.Kernels;

/// <summary>Every elementwise and attention kernel beside a slow version that anyone can read.</summary>
public sealed unsafe class KernelTwinTests
{
    [Theory]
    [InlineData(1)]
    [InlineData(20)]
    [InlineData(131)]
    public void RmsNorm_ForwardAndBackward_AgreeWithTheDefinition(int width)
    {
        FloatBlock x = Random(width, 1), w = Random(width, 2), dy = Random(width, 3), y = new(width), dx = new(width);
        double scale = 1 / Math.Sqrt((x.Span.ToArray().Sum(v => (double)v * v) / width) + 1e-5);
        double mean = Enumerable.Range(0, width).Sum(i => (double)w.Span[i] * dy.Span[i] * x.Span[i]) / width;
        double[] expected = [.. Enumerable.Range(0, width).Select(i => scale * (((double)w.Span[i] * dy.Span[i]) - (x.Span[i] * scale * scale * mean)))];

        float measured = RmsNormKernel.Forward(x.Data, w.Data, y.Data, width, 1e-5f);
        RmsNormKernel.Backward(x.Data, w.Data, dy.Data, measured, dx.Data, width, accumulate: false);

        for (int i = 0; i < width; i++)
        {
            Assert.Equal(x.Span[i] * scale * w.Span[i], y.Span[i], 1e-5);
            Assert.Equal(expected[i], dx.Span[i], 1e-5);
        }
    }

    [Theory]
    [InlineData(5)]
    [InlineData(16)]
    [InlineData(70)]
    public void SwiGlu_ForwardAndBackward_AgreeWithTheDefinition(int count)
    {
        FloatBlock gate = Random(count, 4), up = Random(count, 5), dy = Random(count, 6), y = new(count);
        gate.Span[0] = -90;
        gate.Span[^1] = 90;
        float[] g = gate.Span.ToArray(), u = up.Span.ToArray();

        SwiGluKernel.Forward(gate.Data, up.Data, y.Data, count);
        SwiGluKernel.Backward(gate.Data, up.Data, dy.Data, count);

        for (int i = 0; i < count; i++)
        {
            double s = 1 / (1 + Math.Exp(-g[i]));
            Assert.Equal(g[i] * s * u[i], y.Span[i], 1e-5);
            Assert.Equal(dy.Span[i] * u[i] * s * (1 + (g[i] * (1 - s))), gate.Span[i], 1e-5);
            Assert.Equal(dy.Span[i] * g[i] * s, up.Span[i], 1e-5);
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(12)]
    public void Rotary_ForwardThenBack_TurnsPairsAndRestoresThem(int half)
    {
        FloatBlock head = Random(2 * half, 7), cosine = new(half), sine = new(half);
        float[] start = head.Span.ToArray();
        for (int i = 0; i < half; i++)
            (sine.Span[i], cosine.Span[i]) = ((float)Math.Sin(i + 0.5), (float)Math.Cos(i + 0.5));

        RotaryKernel.Rotate(head.Data, cosine.Data, sine.Data, half, direction: 1);
        for (int i = 0; i < half; i++)
        {
            Assert.Equal((start[i] * cosine.Span[i]) - (start[i + half] * sine.Span[i]), head.Span[i], 1e-6);
            Assert.Equal((start[i + half] * cosine.Span[i]) + (start[i] * sine.Span[i]), head.Span[i + half], 1e-6);
        }

        RotaryKernel.Rotate(head.Data, cosine.Data, sine.Data, half, direction: -1);
        Assert.All(start.Zip(head.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-5));
    }

    [Theory]
    [InlineData(1, int.MaxValue)]
    [InlineData(33, 4)]
    [InlineData(AttentionKernel.BlockRows + 30, int.MaxValue)]
    [InlineData((2 * AttentionKernel.BlockRows) + 7, 40)]
    public void Attention_GroupedHeadsAndWindow_AgreesWithTheDefinition(int length, int window)
    {
        AttentionShape shape = new(HeadCount: 4, KeyValueHeadCount: 2, HeadDim: 6, window);
        FloatBlock q = Random(length * shape.QueryWidth, 8), k = Random(length * shape.KeyValueWidth, 9), v = Random(length * shape.KeyValueWidth, 10);
        FloatBlock output = new(length * shape.QueryWidth), logSum = new(length * shape.HeadCount);

        for (int group = 0; group < shape.KeyValueHeadCount; group++)
            AttentionKernel.Forward(shape, new AttentionMemory(), length, group, q.Data, k.Data, v.Data, output.Data, logSum.Data);

        for (int row = 0; row < length; row++)
        {
            for (int head = 0; head < shape.HeadCount; head++)
            {
                double[] expected = Naive(shape, row, head, q.Span, k.Span, v.Span);
                for (int i = 0; i < shape.HeadDim; i++)
                    Assert.Equal(expected[i], output.Span[(row * shape.QueryWidth) + (head * shape.HeadDim) + i], 1e-5);
            }
        }
    }

    private static double[] Naive(AttentionShape shape, int row, int head, ReadOnlySpan<float> q, ReadOnlySpan<float> k, ReadOnlySpan<float> v)
    {
        int group = head / shape.GroupSize;
        double[] sum = new double[shape.HeadDim];
        double total = 0;
        for (int at = Math.Max(0, row - Math.Min(row, shape.Window - 1)); at <= row; at++)
        {
            double score = 0;
            for (int i = 0; i < shape.HeadDim; i++)
                score += (double)q[(row * shape.QueryWidth) + (head * shape.HeadDim) + i] * k[(at * shape.KeyValueWidth) + (group * shape.HeadDim) + i];
            double weight = Math.Exp(score / Math.Sqrt(shape.HeadDim));
            total += weight;
            for (int i = 0; i < shape.HeadDim; i++)
                sum[i] += weight * v[(at * shape.KeyValueWidth) + (group * shape.HeadDim) + i];
        }

        return [.. sum.Select(value => value / total)];
    }

    private static FloatBlock Random(int length, ulong seed)
    {
        FloatBlock block = new(length);
        SeededRandom random = new(seed);
        foreach (ref float value in block.Span)
            value = random.NextNormal();
        return block;
    }
}
