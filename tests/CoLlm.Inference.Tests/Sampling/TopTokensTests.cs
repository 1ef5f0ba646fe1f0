using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

public sealed class TopTokensTests
{
    [Theory]
    [InlineData(1, 1)]
    [InlineData(7, 7)]
    [InlineData(200, 1)]
    [InlineData(200, 16)]
    [InlineData(1000, 999)]
    public void Select_RandomRows_EqualsASort(int vocabulary, int count)
    {
        Random random = new(vocabulary * 31 + count);
        TopTokens top = new();
        for (int round = 0; round < 20; round++)
        {
            // Few distinct values, so that ties are common; both zeros among them.
            float[] logits = [.. Enumerable.Range(0, vocabulary).Select(_ => random.Next(3) == 0 ? -0f : random.Next(-5, 6) * 0.5f)];
            int[] expected = [.. Enumerable.Range(0, vocabulary).OrderByDescending(id => logits[id]).ThenBy(id => id).Take(count)];

            Assert.Equal(expected, top.Select(logits, count).ToArray());
        }
    }
}
