using CoLlm.Inference.Sampling;

namespace CoLlm.Inference.Tests.Sampling;

/// <summary>What the door lets in.</summary>
public sealed class SamplingParametersTests
{
    [Theory]
    [InlineData(-0.1f, 0, 1f, 0f, 1f, "temperature")]
    [InlineData(float.NaN, 0, 1f, 0f, 1f, "temperature")]
    [InlineData(float.PositiveInfinity, 0, 1f, 0f, 1f, "temperature")]
    [InlineData(1f, -1, 1f, 0f, 1f, "top_k")]
    [InlineData(1f, 0, 0f, 0f, 1f, "top_p")]
    [InlineData(1f, 0, 1.01f, 0f, 1f, "top_p")]
    [InlineData(1f, 0, 1f, -1f, 1f, "min_p")]
    [InlineData(1f, 0, 1f, 1.5f, 1f, "min_p")]
    [InlineData(1f, 0, 1f, 0f, 0f, "repetition_penalty")]
    [InlineData(1f, 0, 1f, 0f, 1e-38f, "repetition_penalty")]
    [InlineData(1f, 0, 1f, 0f, float.NaN, "repetition_penalty")]
    public void TryCreate_ValueOutOfBounds_IsNamed(float temperature, int topK, float topP, float minP, float penalty, string name)
    {
        Assert.Null(SamplingParameters.TryCreate(temperature, topK, topP, minP, penalty, 0, out string? problem));
        Assert.StartsWith(name + " is ", problem);
        Assert.Throws<ArgumentException>(() => SamplingParameters.Create(temperature, topK, topP, minP, penalty));
    }

    [Fact]
    public void TryCreate_Defaults_AreGreedy()
    {
        Assert.Equal(SamplingParameters.Greedy, SamplingParameters.TryCreate(0f, 0, 1f, 0f, 1f, 0, out string? problem));
        Assert.Null(problem);
        Assert.True(SamplingParameters.Greedy.IsGreedy);
    }
}
