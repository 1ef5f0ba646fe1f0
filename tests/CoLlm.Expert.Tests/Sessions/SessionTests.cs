using System.Runtime.InteropServices;
using CoLlm.Expert.OpenAi;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Tests.Sessions;

/// <summary>The session protocol over a real connection with a real, small model.</summary>
public sealed class SessionTests
{
    private const int Vocabulary = 528, Shared = 512;

    private static readonly int[] Prompt = [1, 17, 201, 44, 9, 310, 77, 5];

    /// <summary>The expert's own engine (null), and servers elsewhere.</summary>
    public static TheoryData<ServerFlavor?> Backends => [(ServerFlavor?)null, ServerFlavor.Vllm, ServerFlavor.Sglang, ServerFlavor.LlamaCpp];

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Session_GreedyTokenByToken_EqualsTheEngineAlone(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        int[] expected = await GreedyAsync(expert, Prompt, 24);
        using SessionClient session = new(expert);

        Opened opened = await session.OpenAsync(Prompt, change: open => open.UsableVocabularySize = Shared);
        for (int i = 0; i < expected.Length; i++)
            session.Tokens.Add((await session.AskAsync())[0].TokenId);

        Assert.Equal(expected, session.Tokens.Skip(Prompt.Length));
        Assert.Equal("pair-expert", opened.Model.Name);
        Assert.Equal(Vocabulary, opened.Model.VocabularySize);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Session_RandomAppendsAsksAndTruncations_AnswersAsAFreshPrefillWould(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend, options => options with { Limits = new SessionLimits { FlushTokens = 5, CreditTokens = 16 } });
        Random random = new(4711);
        for (int round = 0; round < (backend is null ? 6 : 2); round++)
        {
            using SessionClient session = new(expert);
            await session.OpenAsync(Prompt[..random.Next(1, Prompt.Length)], maxSequenceTokens: 200);
            for (int step = 0; step < 30; step++)
            {
                switch (random.Next(4))
                {
                    case 0 when session.Tokens.Count > 2:
                        await session.TruncateAsync(random.Next(1, session.Tokens.Count));
                        break;
                    case 1:
                        session.Tokens.AddRange(Enumerable.Range(0, random.Next(1, 4)).Select(_ => random.Next(Shared)));
                        await session.AskAsync();
                        await session.AppendAsync();
                        break;
                    default:
                        session.Tokens.AddRange(Enumerable.Range(0, random.Next(0, 6)).Select(_ => random.Next(Shared)));
                        await CheckAnswerAsync(expert, session, random);
                        break;
                }
            }

            await session.CloseAsync();
        }
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Ask_SeveralPositions_AnswersEachAsItWouldHaveBeenAlone(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt[..2]);
        session.Tokens.AddRange(Prompt[2..]);

        List<Answer> answers = await session.AskAsync([1, 4, 5, 8]);

        Assert.Equal([1, 4, 5, 8], answers.Select(answer => answer.Position));
        foreach (Answer answer in answers)
        {
            float[] logits = await LogitsAsync(expert, Prompt[..answer.Position]);
            Assert.Equal(VocabularyScan.Argmax(logits), answer.TokenId);
        }
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Ask_TopK_GivesTheHeaviestTokensAndTheMassOfTheRest(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt, change: open => open.UsableVocabularySize = Shared);

        TopK top = (await session.AskAsync(change: ask => (ask.AnswerForm, ask.TopK) = (AnswerForm.TopK, 10)))[0].TopK;

        float[] logits = (await LogitsAsync(expert, Prompt))[..Shared];
        double total = logits.Sum(logit => Math.Exp(logit - logits.Max()));
        double[] probabilities = [.. logits.Select(logit => Math.Exp(logit - logits.Max()) / total)];
        int[] heaviest = [.. Enumerable.Range(0, Shared).OrderByDescending(id => logits[id]).Take(10)];
        Assert.Equal(heaviest, top.TokenIds);
        Assert.All(heaviest.Zip(top.LogProbabilities), pair => Assert.Equal(Math.Log(probabilities[pair.First]), pair.Second, 1e-5));
        Assert.Equal(1 - heaviest.Sum(id => probabilities[id]), top.TailProbability, 1e-5);
    }

    [Fact]
    public async Task Ask_Logits_GivesTheWholeUsableVocabularyInHalfPrecision()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt, change: open => (open.UsableVocabularySize, open.AnswerForm) = (Shared, AnswerForm.Logits));

        Half[] halves = MemoryMarshal.Cast<byte, Half>((await session.AskAsync())[0].Logits.Span).ToArray();

        float[] logits = (await LogitsAsync(expert, Prompt))[..Shared];
        Assert.Equal(logits.Select(logit => (Half)(logit - logits.Max())), halves);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Ask_Sampled_DrawsAsTheSamplerWithThatSeedAndPosition(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt, change: open => open.Sampling = new Protocol.V1.SamplingParameters { Temperature = 1.5f, TopK = 40, Seed = 99 });

        Answer answer = (await session.AskAsync())[0];

        SampledToken expected = new TokenSampler(Vocabulary).Sample(
            await LogitsAsync(expert, Prompt), Inference.Sampling.SamplingParameters.Create(1.5f, topK: 40, seed: 99), Prompt, Prompt.Length);
        Assert.Equal(expected.TokenId, answer.TokenId);
        Assert.Equal(expected.LogProbability, answer.LogProbability, expert.Tolerance);
        Assert.Equal(expected.ArgmaxTokenId, answer.HasArgmaxTokenId ? answer.ArgmaxTokenId : answer.TokenId);
    }

    [Fact]
    public async Task Ask_EachDeferralWithItsSuffix_TakesOnePassAndComputesNothingTwice()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using SessionClient session = new(expert);
        await session.OpenAsync(Prompt);
        Answer last = (await session.AskAsync())[0];
        int passesAfterPrompt = last.PassCount;
        for (int deferral = 0; deferral < 10; deferral++)
        {
            session.Tokens.AddRange([7, 8, 9]);
            last = (await session.AskAsync())[0];
        }

        Assert.Equal(10, last.PassCount - passesAfterPrompt);
        Assert.Equal(session.Tokens.Count, last.ComputedTokenCount);
    }

    [Theory]
    [MemberData(nameof(Backends))]
    public async Task Append_ManyTokensWithoutAnyAsk_ReturnsCreditByComputingThem(ServerFlavor? backend)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend, options => options with { Limits = new SessionLimits { FlushTokens = 4, CreditTokens = 8 } });
        using SessionClient session = new(expert);
        await session.OpenAsync([1]);

        int acknowledged = 0;
        while (session.Tokens.Count < 40)
        {
            session.Tokens.AddRange([5, 6, 7, 8]);
            await session.AppendAsync();
            acknowledged = (await session.ReceiveAsync())!.Applied.Position;
        }

        Assert.Equal(session.Tokens.Count, acknowledged);
    }

    [Fact]
    public async Task Open_PromptAnotherSessionHolds_SaysHowMuchIsHeld()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        int[] prompt = [.. Enumerable.Range(3, 50)];
        using SessionClient first = new(expert), second = new(expert);
        await first.OpenAsync(prompt);
        await first.AskAsync();

        Opened opened = await second.OpenAsync(prompt);

        Assert.Equal(48, opened.HeldTokens);
        Assert.Equal((await first.AskAsync())[0].TokenId, (await second.AskAsync())[0].TokenId);
    }

    private static async Task CheckAnswerAsync(ExpertUnderTest expert, SessionClient session, Random random)
    {
        int[] positions = random.Next(2) == 0 ? [] : [.. Enumerable.Range(1, session.Tokens.Count).Where(_ => random.Next(4) == 0).Take(8)];
        foreach (Answer answer in await session.AskAsync(positions))
        {
            float[] logits = await LogitsAsync(expert, [.. session.Tokens.Take(answer.Position)]);
            SampledToken expected = new TokenSampler(Vocabulary).Sample(logits, Inference.Sampling.SamplingParameters.Greedy, [], answer.Position);
            Assert.Equal(expected.TokenId, answer.TokenId);
            Assert.Equal(expected.LogProbability, answer.LogProbability, expert.Tolerance);
        }
    }

    private static async Task<int[]> GreedyAsync(ExpertUnderTest expert, int[] prompt, int count)
    {
        List<int> tokens = [.. prompt];
        for (int i = 0; i < count; i++)
            tokens.Add(VocabularyScan.Argmax((await LogitsAsync(expert, [.. tokens])).AsSpan(0, Shared)));
        return [.. tokens.Skip(prompt.Length)];
    }

    private static async Task<float[]> LogitsAsync(ExpertUnderTest expert, int[] prefix)
    {
        using InferenceSession session = expert.Engine.OpenSession(prefix.Length);
        return (await session.AdvanceAsync(prefix)).Logits().ToArray();
    }
}
