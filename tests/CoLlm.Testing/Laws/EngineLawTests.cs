using CoLlm.Inference;
using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>
/// The law of the engine: whatever happens around a session, and however its tokens come, its numbers are those of a plain run. Derive
/// from it in a backend's test project; backends that promise bitwise equality are held to it.
/// </summary>
public abstract class EngineLawTests
{
    private const int MaxTokens = 120;

    private static readonly InferenceEngineOptions SmallBounds = new()
    {
        KvBlockCount = 40,
        MaxRowsPerStep = 24,
        MaxPrefillRowsBesideDecode = 9,
        MaxRideAlongRows = 5,
        MaxOutputsPerStep = 5,
        MaxPositionsPerAdvance = 12,
        MaxSessions = 7,
        PrefixCacheBlocks = 11,
    };

    public static TheoryData<string, int> Schedules
    {
        get
        {
            TheoryData<string, int> schedules = [];
            foreach (string name in (string[])["llama3-tiny", "mistral-tiny", "qwen2-tiny", "qwen3-tiny"])
            {
                for (int seed = 1; seed <= 2; seed++)
                    schedules.Add(name, seed);
            }

            return schedules;
        }
    }

    protected abstract IInferenceBackend CreateBackend(ICheckpoint checkpoint);

    [Theory]
    [MemberData(nameof(Schedules))]
    public async Task AnySchedule_OfSessionsThatShareForkTruncateAndCancel_EqualsPlainRuns(string name, int seed)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
        using IInferenceBackend plain = CreateBackend(checkpoint);
        HookedBackend hooked = new(CreateBackend(checkpoint));
        SequenceOracle oracle = new(plain, MaxTokens);
        InferenceEngine engine = InferenceEngine.CreateStepped(hooked, SmallBounds);
        Random random = new(seed);
        Script script = new(engine, oracle, random);

        // Half of all actions happen in the middle of a step, where they race with it on a real engine.
        hooked.BeforeRun = _ => script.Act(random.Next(3));
        hooked.AfterRun = _ => script.Act(random.Next(3));
        for (int round = 0; round < 200; round++)
        {
            script.Act(random.Next(4));
            EngineInvariants.Check(engine);
            engine.RunStep();
            EngineInvariants.Check(engine);
        }

        script.EndAll();
        Assert.True(script.ResultsChecked > 100, $"Only {script.ResultsChecked} results were checked.");
        Assert.True(script.Cancelled > 0, $"Only {script.Cancelled} calls were cancelled.");
        EngineStatistics statistics = engine.GetStatistics();
        Assert.True(statistics is { SharedPrefixTokens: > 0, CopiedBlocks: > 0, RideAlongRows: > 0 }, statistics.ToString());
        EngineInvariants.CheckEmpty(engine);
        await engine.DisposeAsync();
    }

    [Theory]
    [InlineData("co-llm-tiny")]
    [InlineData("pair-expert")]
    public async Task GreedyDecoding_ManySessionsOnALiveEngine_GivesTheExpectedTokens(string name)
    {
        using GoldenModel model = GoldenModel.Open(name);
        using Checkpoint checkpoint = Checkpoint.Open(model.ModelDirectory);
        await using InferenceEngine engine = new(CreateBackend(checkpoint), new InferenceEngineOptions { KvBlockCount = 200, MaxRowsPerStep = 48 });

        string[] prompts = [.. GoldenModel.Prompts, .. GoldenModel.Prompts, .. GoldenModel.Prompts];
        int[][] answers = await Task.WhenAll(prompts.Select(p => Task.Run(() => DecodeAsync(engine, model.PromptIds(p), model.UsableVocabulary))));

        Assert.All(prompts.Zip(answers), pair => Assert.Equal(model.Greedy(pair.First), pair.Second));
        EngineInvariants.CheckEmpty(engine);
    }

    private static async Task<int[]> DecodeAsync(InferenceEngine engine, int[] prompt, int usable)
    {
        using InferenceSession session = await engine.OpenSessionAsync(prompt.Length + 32);
        var greedy = OutputReduction.Token(SamplingParameters.Greedy, Math.Min(usable, engine.Config.VocabularySize));
        int[] next = prompt;
        List<int> tokens = [];
        while (tokens.Count < 32)
        {
            AdvanceResult result = await session.AdvanceAsync(next, WantedPositions.Last, greedy);
            tokens.Add(OutputReducer.Argmax(result));
            next = [tokens[^1]];
        }

        return [.. tokens];
    }

    private sealed class Script(InferenceEngine engine, SequenceOracle oracle, Random random)
    {
        private readonly List<ScriptedSession> _sessions = [];

        public int ResultsChecked { get; private set; }

        public int Cancelled { get; private set; }

        public void Act(int times)
        {
            for (int i = 0; i < times; i++)
            {
                if (_sessions.Count < 3 || random.Next(20) == 0)
                    Open();
                if (_sessions.Count == 0)
                    continue;
                ScriptedSession session = _sessions[random.Next(_sessions.Count)];
                session.Act(random);
                if (session.TakeChild() is { } child)
                    _sessions.Add(child);
                _sessions.RemoveAll(IsGone);
            }
        }

        public void EndAll()
        {
            _sessions.ForEach(s => s.Dispose());
            _sessions.RemoveAll(IsGone);
        }

        private void Open()
        {
            int reserved = 20 + random.Next(MaxTokens - 20);
            if (engine.TryOpenSession(reserved, out EngineRefusal refusal) is { } session)
                _sessions.Add(new ScriptedSession(engine, oracle, session, [], reserved));
            else
                Assert.Contains(refusal.Bound, (EngineBound[])[EngineBound.KvBlocks, EngineBound.Sessions]);
        }

        private bool IsGone(ScriptedSession session)
        {
            if (!session.IsGone)
                return false;
            ResultsChecked += session.ResultsChecked;
            Cancelled += session.Cancelled;
            return true;
        }
    }
}
