using CoLlm.Inference;
using CoLlm.Inference.Scheduling;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>What holds for an engine's books whenever no step is running.</summary>
public static class EngineInvariants
{
    /// <summary>Checks blocks, reservations and lists against each other.</summary>
    public static void Check(InferenceEngine engine)
    {
        EngineState state = engine.State;
        int[] references = new int[state.Pool.BlockCount];
        foreach (SessionState session in state.Open)
        {
            foreach (int block in session.Blocks.Ids)
                references[block]++;
            Assert.InRange(session.Computed, 0, session.Length);
            Assert.InRange(session.Length, 0, session.MaxTokens);
            Assert.Equal(state.Pool.BlocksFor(session.Computed), session.Blocks.Count);
            Assert.Equal(session.InFlight, state.Active.Contains(session));
            Assert.Equal(!session.InFlight && session.Computed < session.Length, state.Riding.Contains(session));
            Assert.False(session.Disposed);
        }

        state.Pool.CheckInvariants(references);
        Assert.Equal(state.Open.Sum(s => s.Blocks.Capacity), state.Pool.ReservedCount);
        Assert.All(state.Active.Concat(state.Riding), s => Assert.Contains(s, state.Open));
        Assert.Equal(state.Active.Count, state.Active.Distinct().Count());
    }

    /// <summary>Checks that nothing is held: every session is gone and every block is home.</summary>
    public static void CheckEmpty(InferenceEngine engine)
    {
        Check(engine);
        Assert.Empty(engine.State.Open);
        Assert.Equal(0, engine.State.Pool.HeldCount);
        Assert.Equal(0, engine.State.Pool.ReservedCount);
    }
}
