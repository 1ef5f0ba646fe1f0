using CoLlm.Expert.OpenAi;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;
using Grpc.Core;
using InferenceSession = CoLlm.Inference.InferenceSession;

namespace CoLlm.Expert.Tests.OpenAi;

/// <summary>What a server elsewhere cannot give is refused in words, and what it cannot know exactly is known within its tail.</summary>
public sealed class ServerLimitsTests
{
    private static readonly int[] Prompt = [1, 17, 201, 44, 9, 310, 77, 5];

    public static TheoryData<string, string> Refused => new()
    {
        { "logits", "All logits" },
        { "top-k", "top_k is 21" },
        { "all tokens", "a top_k of 1 to 20" },
        { "top_k above", "a top_k of 1 to 20" },
        { "penalty", "repetition_penalty of 1" },
    };

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Open_AsksForMoreThanTheServerGives_IsRefusedInWords(string what, string words)
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.Vllm);
        using SessionClient session = new(expert);

        Notice notice = await session.OpenRefusedAsync(open => Ask(what, form => open.AnswerForm = form, k => open.TopK = k, sampling => open.Sampling = sampling));

        Assert.Equal(FailureReason.Unsupported, notice.Failure.Reason);
        Assert.Contains(words, notice.Failure.Message, StringComparison.Ordinal);
        Assert.Contains(expert.Server!.Address, notice.Failure.Message, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(Refused))]
    public async Task Ask_AsksForMoreThanTheServerGives_IsRefusedInWords(string what, string words)
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.LlamaCpp);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt);
        Ask ask = new() { Start = Prompt.Length, PrefixHash = session.Hash.Value };
        Ask(what, form => ask.AnswerForm = form, k => ask.TopK = k, sampling => ask.Sampling = sampling);

        await session.SendAsync(new SessionRequest { Ask = ask });
        Notice notice = (await session.ReceivePastAppliedAsync())!.Notice;

        Assert.Equal(FailureReason.Unsupported, notice.Failure.Reason);
        Assert.Contains(words, notice.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Open_ServerElsewhere_GrantsWhatItGives()
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.Vllm);
        using SessionClient session = new(expert);

        Opened opened = await session.OpenAsync(Prompt);

        Assert.Equal([AnswerForm.Token, AnswerForm.TopK], opened.AnswerForms);
        Assert.Equal((20, 4, 0), (opened.MaxTopK, opened.MaxPositionsPerAsk, opened.HeldTokens));
        Assert.Equal(("vllm", false, 512), (opened.Model.Backend, opened.Model.BitwiseReproducible, opened.Model.MaxSequenceTokens));
        Assert.Equal([2], opened.Model.EosTokenIds);
    }

    [Theory]
    [InlineData(null, 3, 256, 64, true)]
    [InlineData(ServerFlavor.Sglang, 2, 20, 4, true)]
    [InlineData(ServerFlavor.LlamaCpp, 2, 20, 4, false)]
    public async Task Describe_EachBackend_TellsWhatItGives(ServerFlavor? flavor, int forms, int topK, int positions, bool scores)
    {
        await using ExpertUnderTest expert = flavor is null ? await ExpertUnderTest.StartAsync() : await TwentyTokensAsync(flavor.Value);

        ModelLimits limits = Assert.Single((await expert.Client.DescribeAsync(new DescribeRequest())).Limits);

        Assert.Equal(("pair-expert", forms, topK, positions, scores), (limits.Model, limits.AnswerForms.Count, limits.MaxTopK, limits.MaxPositionsPerAsk, limits.Scores));
    }

    [Theory]
    [InlineData(ServerFlavor.Vllm)]
    [InlineData(ServerFlavor.Sglang)]
    [InlineData(ServerFlavor.LlamaCpp)]
    public async Task Ask_SampledFromFewTokens_DrawsAsFromAllOfThem(ServerFlavor flavor)
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(flavor);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt);
        using InferenceSession twin = expert.Engine.OpenSession(Prompt.Length);
        float[] logits = (await twin.AdvanceAsync(Prompt)).Logits().ToArray();
        for (ulong seed = 0; seed < 20; seed++)
        {
            Answer answer = (await session.AskAsync(change: ask => ask.Sampling = new Protocol.V1.SamplingParameters
            {
                Temperature = 3,
                TopK = 20,
                TopP = 0.9f,
                MinP = 0.05f,
                Seed = seed,
            }))[0];

            SampledToken expected = new TokenSampler(logits.Length).Sample(
                logits, Inference.Sampling.SamplingParameters.Create(3, topK: 20, topP: 0.9f, minP: 0.05f, seed: seed), Prompt, Prompt.Length);
            Assert.Equal(expected.TokenId, answer.TokenId);
            Assert.Equal(expected.LogProbability, answer.LogProbability, 1e-5f);
        }
    }

    [Fact]
    public async Task Ask_UnusableTokensOutsideTheListedOnes_IsOffByNoMoreThanTheTail()
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.Vllm);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt, change: open => open.UsableVocabularySize = 400);

        TopK top = (await session.AskAsync(change: ask => (ask.AnswerForm, ask.TopK) = (AnswerForm.TopK, 20)))[0].TopK;

        using InferenceSession twin = expert.Engine.OpenSession(Prompt.Length);
        float[] usable = (await twin.AdvanceAsync(Prompt)).Logits()[..400].ToArray();
        double logSumExp = VocabularyScan.LogSumExp(usable, new float[400]);
        Assert.All(top.TokenIds, id => Assert.InRange(id, 0, 399));
        Assert.Equal(VocabularyScan.Argmax(usable), top.TokenIds[0]);
        Assert.Equal(1, top.LogProbabilities.Sum(logProbability => Math.Exp(logProbability)) + top.TailProbability, 1e-5);
        Assert.All(top.TokenIds.Zip(top.LogProbabilities), pair =>
            Assert.InRange(usable[pair.First] - logSumExp, pair.Second - 1e-5, pair.Second - Math.Log(1 - top.TailProbability) + 1e-5));
    }

    [Fact]
    public async Task Ask_TokensNamedByTextAlone_AreFoundWhereOneTokenHasIt()
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.Vllm, topTokens: 2);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt);
        await session.AskAsync();
        Tokenizer tokenizer = expert.Server!.Dialect.Tokenizer;
        int expected = Enumerable.Range(0, tokenizer.VocabularySize).First(id => tokenizer.TokenText(id) is ['\u2581', >= 'a' and <= 'z', >= 'a' and <= 'z']);
        expert.Server.Spoil = (path, reply) =>
        {
            if (path != expert.Server.Dialect.CompletionPath)
                return;
            var top = reply["choices"]![0]!["logprobs"]!["top_logprobs"]![0]!.AsObject();
            top.Clear();
            top[tokenizer.TokenText(expected)!.Replace('\u2581', ' ')] = -0.5;
        };

        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = Prompt.Length, PrefixHash = session.Hash.Value } });

        Assert.Equal(expected, (await session.ReceivePastAppliedAsync())!.Answer.TokenId);
    }

    [Fact]
    public async Task Score_LlamaCpp_IsRefusedInWords()
    {
        await using ExpertUnderTest expert = await TwentyTokensAsync(ServerFlavor.LlamaCpp);
        using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = expert.Client.Score();
        await call.RequestStream.WriteAsync(new ScoreRequest { Open = new ScoreOpen { ProtocolVersion = 1 } });

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.Equal(StatusCode.Unimplemented, exception.StatusCode);
        Assert.Contains("no log-probabilities of a prompt's own tokens", exception.Status.Detail, StringComparison.Ordinal);
    }

    private static Task<ExpertUnderTest> TwentyTokensAsync(ServerFlavor flavor, int topTokens = 20) =>
        ExpertUnderTest.StartBehindAsync(flavor, changeServer: server => server with { TopTokens = topTokens, MaxPositionsPerAsk = 4 });

    private static void Ask(string what, Action<AnswerForm> form, Action<int> topK, Action<Protocol.V1.SamplingParameters> sampling)
    {
        switch (what)
        {
            case "logits":
                form(AnswerForm.Logits);
                break;
            case "top-k":
                form(AnswerForm.TopK);
                topK(21);
                break;
            case "all tokens":
                sampling(new Protocol.V1.SamplingParameters { Temperature = 1 });
                break;
            case "top_k above":
                sampling(new Protocol.V1.SamplingParameters { Temperature = 1, TopK = 21 });
                break;
            default:
                sampling(new Protocol.V1.SamplingParameters { Temperature = 0, RepetitionPenalty = 1.1f });
                break;
        }
    }
}
