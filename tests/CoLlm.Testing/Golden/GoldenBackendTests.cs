using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Reference;
using Xunit;

namespace CoLlm.Testing.Golden;

/// <summary>
/// What every backend must reproduce of the reference implementation's outputs; derive from it in the backend's test project.
/// </summary>
public abstract class GoldenBackendTests
{
    private const int MaxTokens = 256;

    private bool _reproducible;

    public static TheoryData<string> Names => [.. GoldenModel.Names];

    protected abstract IInferenceBackend CreateBackend(ICheckpoint checkpoint);

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_EveryPrompt_GivesTheExpectedLogitsAndHiddenStates(string name) => With(name, (model, sequence) =>
    {
        foreach (string prompt in GoldenModel.Prompts)
        {
            sequence.Reset();
            (float[][] logits, float[][] hidden) = sequence.Advance(model.PromptIds(prompt));
            GoldenTolerance.AssertClose(model.Tensor($"{prompt}.last_hidden"), hidden[^1], GoldenTolerance.HiddenState, $"{prompt} hidden");
            if (prompt == "short")
                GoldenTolerance.AssertClose(model.Tensor("short.logits"), [.. logits.SelectMany(l => l)], GoldenTolerance.Logits, "short");
            else
                GoldenTolerance.AssertClose(model.Tensor($"{prompt}.last_logits"), logits[^1], GoldenTolerance.Logits, prompt);
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_SixtyFourTokens_GivesTheExpectedLogProbabilitiesAndArgMax(string name) => With(name, (model, sequence) =>
    {
        int[] ids = model.SequenceIds;
        (float[][] logits, _) = sequence.Advance(ids);
        CheckLogProbabilities(model, ids, logits, model.SoftmaxColumns(logits[0].Length), "");
        if (name == "pair-expert")
            CheckLogProbabilities(model, ids, logits, 512, "_shared512");
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_TokenByToken_GivesTheExpectedGreedyTokens(string name) => With(name, (model, sequence) =>
    {
        foreach (string prompt in GoldenModel.Prompts)
        {
            Assert.Equal(model.Greedy(prompt), Greedy(sequence, model.PromptIds(prompt), model.UsableVocabulary));
            if (name == "pair-expert")
                Assert.Equal(model.Greedy(prompt, "greedy_full_vocab"), Greedy(sequence, model.PromptIds(prompt), int.MaxValue));
        }
    });

    [Theory]
    [MemberData(nameof(Names))]
    public void Run_LongPromptInPieces_EqualsOnePass(string name) => With(name, (model, sequence) =>
    {
        int[] ids = model.PromptIds("long");
        float[][] whole = sequence.Advance(ids).Logits;
        foreach ((int first, int next) in ((int, int)[])[(1, 1), (ids.Length / 2, 1), (7, 7)])
        {
            sequence.Reset();
            for (int start = 0, length = first; start < ids.Length; start += length, length = Math.Min(next, ids.Length - start))
            {
                float[][] part = sequence.Advance(ids.AsSpan(start, length)).Logits;
                for (int i = 0; i < length; i++)
                    CheckSame(whole[start + i], part[i], $"position {start + i}, {first} then {next} at a time,");
            }
        }
    });

    [Fact]
    public void Run_CheckpointWithDeferralRow_GivesTheExpectedDeferral() => With("co-llm-tiny", (model, sequence) =>
    {
        foreach (string prompt in (string[])[.. GoldenModel.Prompts, "seq64"])
        {
            sequence.Reset();
            int[] ids = prompt == "seq64" ? model.SequenceIds : model.PromptIds(prompt);
            float[] deferral = [.. sequence.Advance(ids).Logits.Select(l => l[^1])];
            GoldenTolerance.AssertClose(model.Tensor($"{prompt}.defer_logit"), deferral, GoldenTolerance.Logits, prompt);
            float[] probability = [.. deferral.Select(d => 1 / (1 + MathF.Exp(-d)))];
            GoldenTolerance.AssertClose(model.Tensor($"{prompt}.defer_prob"), probability, GoldenTolerance.DeferralProbability, prompt);
        }
    });

    private static void CheckLogProbabilities(GoldenModel model, int[] ids, float[][] logits, int columns, string suffix)
    {
        int count = ids.Length - 1;
        float[] gold = [.. Enumerable.Range(0, count).Select(t => (float)ReferenceMath.LogSoftmax(logits[t], columns, ids[t + 1]))];
        int[] best = [.. Enumerable.Range(0, count).Select(t => ReferenceMath.ArgMax(logits[t], columns))];
        float[] most = [.. Enumerable.Range(0, count).Select(t => (float)ReferenceMath.LogSoftmax(logits[t], columns, best[t]))];
        GoldenTolerance.AssertClose(model.Tensor("seq64.gold_logprob" + suffix), gold, GoldenTolerance.LogProbability, "gold" + suffix);
        GoldenTolerance.AssertClose(model.Tensor("seq64.max_logprob" + suffix), most, GoldenTolerance.LogProbability, "max" + suffix);
        Assert.Equal(model.SequenceArgMax("argmax" + suffix), best);
    }

    private static int[] Greedy(BackendSequence sequence, int[] prompt, int usable)
    {
        sequence.Reset();
        List<int> tokens = [];
        float[] last = sequence.Advance(prompt).Logits[^1];
        while (true)
        {
            tokens.Add(ReferenceMath.ArgMax(last, Math.Min(usable, last.Length)));
            if (tokens.Count == 32)
                return [.. tokens];
            last = sequence.Advance([tokens[^1]]).Logits[0];
        }
    }

    private void With(string name, Action<GoldenModel, BackendSequence> test)
    {
        using GoldenModel model = GoldenModel.Open(name);
        using Checkpoint checkpoint = Checkpoint.Open(model.ModelDirectory);
        using IInferenceBackend backend = CreateBackend(checkpoint);
        _reproducible = backend.Capabilities.HasFlag(BackendCapabilities.BitwiseReproducible);
        test(model, new BackendSequence(backend, MaxTokens));
    }

    private void CheckSame(float[] whole, float[] part, string what)
    {
        if (_reproducible)
            Assert.True(whole.AsSpan().SequenceEqual(part), $"{what} differs in at least one bit.");
        else
            GoldenTolerance.AssertClose(whole, part, GoldenTolerance.CachedLogits, what);
    }
}
