using CoLlm.Protocol.V1;
using Google.Protobuf;

namespace CoLlm.Protocol.Tests;

/// <summary>What a deferral costs on the wire.</summary>
public sealed class PayloadSizeTests
{
    [Theory]
    [InlineData(1, 60, 0)]
    [InlineData(4, 70, 0)]
    [InlineData(12, 100, 0)]
    [InlineData(12, 100, ulong.MaxValue)]
    public void Deferral_TokenForm_StaysBelowBound(int suffixLength, int boundBytes, ulong spanId)
    {
        var ask = new SessionRequest
        {
            Ask = new Ask
            {
                Epoch = 3,
                Start = 3000,
                PrefixHash = PrefixHash.Of([1]).Value,
                Tokens = { Enumerable.Repeat(127_000, suffixLength) },
                SpanId = spanId, // Sampled, and the first of its burst.
            },
        };
        var answer = new SessionResponse
        {
            Answer = new Answer
            {
                Epoch = 3,
                Position = 3000 + suffixLength,
                TokenId = 127_000,
                LogProbability = -1.25f,
                ArgmaxTokenId = 126_999,
                PassCount = 900,
                ComputedTokenCount = 3100,
                QueueUs = 300,
                ComputeUs = 150_000,
            },
        };

        Assert.InRange(ask.CalculateSize() + answer.CalculateSize(), 1, boundBytes);
    }

    [Fact]
    public void Ask_Reused_LeavesNothingBehind()
    {
        var request = new SessionRequest { Ask = new Ask { Epoch = 1, Start = 5, PrefixHash = 9, Tokens = { 1, 2, 3 } } };
        request.Ask.Tokens.Clear();
        request.Ask.Tokens.Add(7);
        request.Ask.Start = 8;

        Ask received = SessionRequest.Parser.ParseFrom(request.ToByteArray()).Ask;
        Assert.Equal([7], received.Tokens);
        Assert.Equal(8, received.Start);
    }

    [Fact]
    public void SamplingDefaults_AbsentFields_MeanNoCut()
    {
        var parameters = new SamplingParameters();
        Assert.Equal((1f, 1f), (parameters.TopPOrDefault(), parameters.RepetitionPenaltyOrDefault()));
        parameters.TopP = 0.5f;
        parameters.RepetitionPenalty = 2f;
        Assert.Equal((0.5f, 2f), (parameters.TopPOrDefault(), parameters.RepetitionPenaltyOrDefault()));
    }
}
