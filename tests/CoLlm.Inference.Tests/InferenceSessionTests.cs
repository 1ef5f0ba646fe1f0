using CoLlm.Inference.Failures;
using CoLlm.Testing.Laws;

namespace CoLlm.Inference.Tests;

public sealed class InferenceSessionTests : IAsyncDisposable
{
    private readonly SteppedEngine _engine = new();

    public ValueTask DisposeAsync() => _engine.DisposeAsync();

    [Fact]
    public void Append_WithoutOtherWork_CausesNoStep()
    {
        using InferenceSession session = _engine.Engine.OpenSession(50);

        session.Append(SteppedEngine.Prompt(10));

        Assert.False(_engine.Engine.RunStep());
        Assert.Equal((10, 0), (session.Length, session.ComputedLength));
    }

    [Fact]
    public void Append_WhileOthersRun_RidesAlongWithTheirStep()
    {
        using InferenceSession lazy = _engine.Engine.OpenSession(50);
        using InferenceSession other = _engine.Engine.OpenSession(50);
        lazy.Append(SteppedEngine.Prompt(10));

        _engine.Advance(other, [3]);

        Assert.Equal(10, lazy.ComputedLength);
        Assert.Equal((1, 11, 10), (_engine.Statistics.Steps, _engine.Statistics.Rows, _engine.Statistics.RideAlongRows));
    }

    [Fact]
    public void Advance_AfterAppendedTokens_AnswersSeveralPositionsFromOneStep()
    {
        using InferenceSession session = _engine.Engine.OpenSession(50);
        session.Append(SteppedEngine.Prompt(10));

        AdvanceResult result = _engine.Advance(session, [1, 2], WantedPositions.At(new[] { 4, 9, 11 }));

        Assert.Equal([4, 9, 11], Enumerable.Range(0, result.Count).Select(result.Position));
        Assert.Equal((1, 12, 3), (_engine.Statistics.Steps, _engine.Statistics.Rows, _engine.Statistics.Outputs));
    }

    [Fact]
    public void Advance_PositionComputedBefore_AnswersTheSameAgain()
    {
        using InferenceSession session = _engine.Engine.OpenSession(50);
        float[] first = _engine.Advance(session, SteppedEngine.Prompt(20)).Logits().ToArray();

        float[] again = _engine.Advance(session, []).Logits().ToArray();

        Assert.Equal(first, again);
        Assert.Equal(21, _engine.Statistics.Rows);
    }

    [Fact]
    public void Advance_NothingToDo_CompletesAtOnce()
    {
        using InferenceSession session = _engine.Engine.OpenSession(50);

        Assert.Equal(0, _engine.Advance(session, [], WantedPositions.None).Count);
        Assert.Equal(0, _engine.Statistics.Steps);
    }

    [Fact]
    public void Advance_PrefixOfAClosedSession_IsNotComputedAgain()
    {
        int[] prompt = SteppedEngine.Prompt(40);
        using (InferenceSession first = _engine.Engine.OpenSession(50))
            _engine.Advance(first, prompt);
        Assert.Equal(32, _engine.Engine.CountSharedPrefix(prompt));

        using InferenceSession second = _engine.Engine.OpenSession(50);
        _engine.Advance(second, prompt);

        Assert.Equal(32, second.SharedPrefixTokens);
        Assert.Equal(48, _engine.Statistics.Rows);
    }

    [Fact]
    public void Advance_PrefixOfWholeBlocks_StillComputesTheWantedPosition()
    {
        int[] prompt = SteppedEngine.Prompt(32);
        using InferenceSession first = _engine.Engine.OpenSession(50);
        float[] expected = _engine.Advance(first, prompt).Logits().ToArray();
        using InferenceSession second = _engine.Engine.OpenSession(50);

        Assert.Equal(expected, _engine.Advance(second, prompt).Logits().ToArray());
        Assert.Equal(16, second.SharedPrefixTokens);
    }

    [Fact]
    public void Truncate_ToEarlierLength_ReturnsBlocksAtOnce()
    {
        using InferenceSession session = _engine.Engine.OpenSession(64);
        _engine.Advance(session, SteppedEngine.Prompt(60));
        Assert.Equal(4, _engine.Statistics.KvBlocksHeld);

        session.Truncate(17);

        Assert.Equal(2, _engine.Statistics.KvBlocksHeld);
        Assert.Equal(17, session.ComputedLength);
        EngineInvariants.Check(_engine.Engine);
    }

    [Fact]
    public void Fork_ThenBothWrite_CopiesThePartialBlockOnce()
    {
        using InferenceSession parent = _engine.Engine.OpenSession(64);
        _engine.Advance(parent, SteppedEngine.Prompt(20));
        using InferenceSession child = parent.Fork();
        Assert.Equal(2, _engine.Statistics.KvBlocksHeld);

        float[] fromChild = _engine.Advance(child, [9]).Logits().ToArray();
        float[] fromParent = _engine.Advance(parent, [9]).Logits().ToArray();

        Assert.Equal(fromParent, fromChild);
        Assert.Equal((3, 1), (_engine.Statistics.KvBlocksHeld, _engine.Statistics.CopiedBlocks));
    }

    [Fact]
    public async Task Advance_Cancelled_LeavesTheSessionAsBefore()
    {
        using CancellationTokenSource cancellation = new();
        using InferenceSession session = _engine.Engine.OpenSession(200);
        _engine.Advance(session, [1, 2, 3]);
        Task<AdvanceResult> call = session.AdvanceAsync(SteppedEngine.Prompt(150), cancellationToken: cancellation.Token).AsTask();
        _engine.Backend.AfterRun = _ => cancellation.Cancel();
        _engine.Engine.RunStep();
        _engine.Backend.AfterRun = null;

        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => call);

        Assert.Equal((3, 3), (session.Length, session.ComputedLength));
        Assert.Equal(1, _engine.Statistics.KvBlocksHeld);
        EngineInvariants.Check(_engine.Engine);
        Assert.Equal(1, _engine.Advance(session, [4]).Count);
    }

    [Fact]
    public async Task Advance_SecondCallInFlight_IsRefused()
    {
        using InferenceSession session = _engine.Engine.OpenSession(20);
        Task<AdvanceResult> call = session.AdvanceAsync(new[] { 1 }).AsTask();

        Assert.Throws<InvalidOperationException>(() => session.Append([2]));
        Assert.Throws<InvalidOperationException>(() => session.Truncate(0));
        Assert.Throws<InvalidOperationException>(() => session.Fork());

        _engine.Engine.RunStep();
        await call;
    }

    [Fact]
    public void Result_ReadAfterTheNextCall_Throws()
    {
        using InferenceSession session = _engine.Engine.OpenSession(20);
        AdvanceResult result = _engine.Advance(session, [1]);
        session.Append([2]);

        Assert.Throws<InvalidOperationException>(() => result.Logits().Length);
    }

    [Fact]
    public void Advance_BadRequest_SaysWhatAndChangesNothing()
    {
        using InferenceSession session = _engine.Engine.OpenSession(8);
        session.Append([1, 2]);

        Assert.Equal("Token 1 of the call is 512, outside the vocabulary of 512.", Message<InvalidRequestException>(session, [0, 512]));
        Assert.Equal("Token 0 of the call is -1, outside the vocabulary of 512.", Message<InvalidRequestException>(session, [-1]));
        Assert.Equal(
            "Position 3 is outside the 3 tokens of the session or not above the one before it.",
            Message<InvalidRequestException>(session, [7], WantedPositions.At(new[] { 3 })));
        Assert.Equal("The session would hold 9 tokens, but it reserved 8.", Message<EngineRefusedException>(session, new int[7]));
        Assert.Equal(2, session.Length);
        Assert.Equal("A session of 2 tokens cannot be truncated to 3.", Assert.Throws<InvalidRequestException>(() => session.Truncate(3)).Message);
    }

    [Fact]
    public async Task Dispose_CallInFlight_FailsItAndReturnsEverything()
    {
        InferenceSession session = _engine.Engine.OpenSession(100);
        Task<AdvanceResult> call = session.AdvanceAsync(SteppedEngine.Prompt(90)).AsTask();
        _engine.Backend.BeforeRun = _ => session.Dispose();
        _engine.Engine.RunStep();

        await Assert.ThrowsAsync<ObjectDisposedException>(() => call);

        EngineInvariants.CheckEmpty(_engine.Engine);
        Assert.Throws<ObjectDisposedException>(() => session.Append([1]));
    }

    private static string Message<T>(InferenceSession session, int[] tokens, WantedPositions wanted = default)
        where T : Exception => Assert.Throws<T>(() => { _ = session.AdvanceAsync(tokens, wanted).AsTask(); }).Message;
}
