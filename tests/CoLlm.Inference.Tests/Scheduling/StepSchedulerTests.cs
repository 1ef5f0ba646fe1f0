using CoLlm.Inference.KvCache;
using CoLlm.Inference.Models;
using CoLlm.Inference.Scheduling;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Scheduling;

public sealed class StepSchedulerTests
{
    private static readonly ModelConfig Config = ModelConfigReader.Read(RepositoryPaths.Golden("models", "llama3-tiny"));

    [Fact]
    public void Choose_AnyWork_StaysWithinEveryBoundAndMakesProgress()
    {
        for (int seed = 0; seed < 500; seed++)
        {
            Random random = new(seed);
            InferenceEngineOptions options = new()
            {
                MaxRowsPerStep = 8 + random.Next(40),
                MaxPrefillRowsBesideDecode = 1 + random.Next(20),
                MaxRideAlongRows = random.Next(8),
                MaxOutputsPerStep = 2 + random.Next(6),
            };
            EngineState engine = NewEngine(options);
            int sessions = 1 + random.Next(12);
            for (int i = 0; i < sessions; i++)
                AddSession(engine, random);
            List<StepEntry> entries = [];

            StepScheduler.Choose(engine.Active, engine.Riding, options, entries);

            CheckBounds(engine, options, entries);
        }
    }

    [Fact]
    public void Choose_MoreDecodingSessionsThanOutputs_ServesTheFrontOfTheList()
    {
        InferenceEngineOptions options = new() { MaxOutputsPerStep = 3 };
        EngineState engine = NewEngine(options);
        for (int i = 0; i < 5; i++)
            NewSession(engine).BeginCall([1], [0], default, default);
        List<StepEntry> entries = [];

        StepScheduler.Choose(engine.Active, engine.Riding, options, entries);

        Assert.Equal(engine.Active.Take(3), entries.Select(e => e.Session));
    }

    [Fact]
    public void Choose_PromptAlone_GetsTheWholeStep()
    {
        InferenceEngineOptions options = new() { MaxRowsPerStep = 48, MaxPrefillRowsBesideDecode = 5 };
        EngineState engine = NewEngine(options);
        NewSession(engine).BeginCall(new int[100], [99], default, default);
        List<StepEntry> entries = [];

        StepScheduler.Choose(engine.Active, engine.Riding, options, entries);

        Assert.Equal((48, 0), (Assert.Single(entries).Rows, entries[0].Outputs));
    }

    private static EngineState NewEngine(InferenceEngineOptions options) => new(Config, options, new KvBlockPool(200, 16, 200));

    private static SessionState NewSession(EngineState engine)
    {
        SessionState session = new(engine, 200);
        engine.Pool.Reserve(session.Blocks.Capacity);
        engine.Open.Add(session);
        return session;
    }

    private static void AddSession(EngineState engine, Random random)
    {
        SessionState session = NewSession(engine);
        int[] tokens = new int[random.Next(2) == 0 ? 1 + random.Next(4) : 5 + random.Next(100)];
        if (random.Next(4) == 0)
            session.Append(tokens);
        else
            session.BeginCall(tokens, [.. Enumerable.Range(0, tokens.Length).Where(_ => random.Next(tokens.Length) < 3)], default, default);
    }

    private static void CheckBounds(EngineState engine, InferenceEngineOptions options, List<StepEntry> entries)
    {
        List<StepEntry> ofCalls = [.. entries.Where(e => e.Session.InFlight)];
        List<StepEntry> prompts = [.. ofCalls.Where(e => e.Session.Length > StepScheduler.ShortWorkRows)];
        Assert.Equal(entries.Count, entries.Select(e => e.Session).Distinct().Count());
        Assert.InRange(entries.Sum(e => e.Rows), 0, options.MaxRowsPerStep);
        Assert.InRange(entries.Sum(e => e.Outputs), 0, options.MaxOutputsPerStep);
        Assert.InRange(entries.Where(e => !e.Session.InFlight).Sum(e => e.Rows), 0, options.MaxRideAlongRows);
        Assert.All(entries, e => Assert.InRange(e.Rows, 1, e.Session.Length - e.Start));
        Assert.All(entries, e => Assert.Equal(e.Outputs, e.Session.Results.Wanted.ToArray().Count(p => p >= e.Start && p < e.Start + e.Rows)));
        Assert.Equal(engine.Active.Count > 0, ofCalls.Count > 0);
        Assert.Equal(ofCalls.Count == 0, entries.Count == 0);
        Assert.Equal(engine.Active.Any(s => s.Length > StepScheduler.ShortWorkRows), prompts.Count > 0);
        if (ofCalls.Count > prompts.Count)
            Assert.InRange(prompts.Sum(e => e.Rows), 0, options.MaxPrefillRowsBesideDecode);
    }
}
