using System.Diagnostics.CodeAnalysis;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using Xunit;

namespace CoLlm.Testing.Laws;

/// <summary>A session driven at random, with a mirror of the tokens it should hold; every result is checked against the oracle.</summary>
internal sealed class ScriptedSession(InferenceEngine engine, SequenceOracle oracle, InferenceSession session, List<int> tokens, int maxTokens)
    : IDisposable
{
    private ValueTask<AdvanceResult>? _call;
    private CancellationTokenSource? _cancellation;
    private int[] _wanted = [];
    private int _lengthBefore;

    public bool IsGone { get; private set; }

    public int ResultsChecked { get; private set; }

    public int Cancelled { get; private set; }

    public ScriptedSession? Child { get; private set; }

    /// <summary>Does one random thing that the session's owner may do now.</summary>
    public void Act(Random random)
    {
        if (IsGone)
            return;
        if (_call is { } call)
        {
            if (call.IsCompleted)
                Harvest();
            else if (random.Next(12) == 0)
                _cancellation!.Cancel();
            else if (random.Next(40) == 0)
                Dispose();
            return;
        }

        switch (random.Next(10))
        {
            case < 5:
                Advance(random);
                break;
            case < 7:
                Append(random);
                break;
            case 7:
                Truncate(random);
                break;
            case 8:
                Fork(random);
                break;
            default:
                if (random.Next(4) == 0)
                    Dispose();
                break;
        }
    }

    /// <summary>Takes the answer of a finished call.</summary>
    public void Harvest()
    {
        if (_call is not { IsCompleted: true } call)
            return;
        _call = null;
        try
        {
            AdvanceResult result = call.GetAwaiter().GetResult();
            Assert.Equal(_wanted.Length, result.Count);
            for (int i = 0; i < result.Count; i++)
            {
                Assert.Equal(_wanted[i], result.Position(i));
                oracle.Check(tokens, result, i);
                ResultsChecked++;
            }
        }
        catch (OperationCanceledException)
        {
            tokens.RemoveRange(_lengthBefore, tokens.Count - _lengthBefore);
            Cancelled++;
        }

        Assert.Equal(tokens, session.Tokens.ToArray());
    }

    public void Dispose()
    {
        session.Dispose();
        _cancellation?.Dispose();
        IsGone = true;
    }

    private static int[] RandomTokens(Random random, int count)
    {
        int[] drawn = new int[count];
        for (int i = 0; i < count; i++)
            drawn[i] = random.Next(3);
        return drawn;
    }

    [SuppressMessage("Reliability", "CA2012", Justification = "Polled until it is complete, then consumed once.")]
    private void Advance(Random random)
    {
        int[] added = RandomTokens(random, Math.Min(random.Next(3) == 0 ? random.Next(40) : random.Next(3), maxTokens - tokens.Count));
        int length = tokens.Count + added.Length;
        if (length == 0)
            return;
        _lengthBefore = tokens.Count;
        tokens.AddRange(added);
        _wanted = [.. Enumerable.Range(0, length).Where(_ => random.Next(length) < 2).Take(engine.Options.MaxPositionsPerAdvance)];
        WantedPositions wanted = WantedPositions.At(_wanted);
        if (random.Next(2) == 0)
            (wanted, _wanted) = (WantedPositions.Last, [length - 1]);
        _cancellation = new CancellationTokenSource();
        _call = session.AdvanceAsync(added, wanted, oracle.DrawReduction(random, _wanted.Length), _cancellation.Token);
    }

    private void Append(Random random)
    {
        int[] added = RandomTokens(random, Math.Min(random.Next(20), maxTokens - tokens.Count));
        session.Append(added);
        tokens.AddRange(added);
    }

    private void Truncate(Random random)
    {
        int length = random.Next(tokens.Count + 1);
        session.Truncate(length);
        tokens.RemoveRange(length, tokens.Count - length);
        Assert.Equal(length, session.Length);
    }

    private void Fork(Random random)
    {
        try
        {
            int reserved = Math.Min(maxTokens, tokens.Count + 1 + random.Next(30));
            Child = new ScriptedSession(engine, oracle, session.Fork(reserved), [.. tokens], reserved);
        }
        catch (EngineRefusedException)
        {
            // The pool is full at the moment; the script goes on with the sessions it has.
        }
    }

    public ScriptedSession? TakeChild()
    {
        ScriptedSession? child = Child;
        Child = null;
        return child;
    }
}
