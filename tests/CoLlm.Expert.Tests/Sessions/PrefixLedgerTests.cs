using CoLlm.Expert.Sessions;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Google.Protobuf.Collections;

namespace CoLlm.Expert.Tests.Sessions;

public sealed class PrefixLedgerTests
{
    private const int MaxTokens = 40, Vocabulary = 100, Credit = 8;

    private readonly PrefixLedger _ledger = new(MaxTokens, Vocabulary, Credit, epoch: 3);

    public PrefixLedgerTests() => Assert.Null(_ledger.Begin([1, 2, 3]));

    [Fact]
    public void Append_KnownTokensAgain_ChangesNothing()
    {
        Assert.Null(_ledger.Append(3, 0, [1, 2, 3]));
        Assert.Null(_ledger.Append(3, 1, [2]));
        Assert.Null(_ledger.Append(3, 3, []));

        Assert.Equal([1, 2, 3], _ledger.Tokens.ToArray());
        Assert.Equal(PrefixHash.Of([1, 2, 3]), _ledger.Hash);
    }

    [Fact]
    public void Append_OverlapThenNewTokens_TakesTheNewOnes()
    {
        Assert.Null(_ledger.Append(3, 2, [3, 4, 5]));

        Assert.Equal([1, 2, 3, 4, 5], _ledger.Tokens.ToArray());
        Assert.Equal(PrefixHash.Of([1, 2, 3, 4, 5]), _ledger.Hash);
    }

    [Theory]
    [InlineData(3, 1, new[] { 9 }, FailureReason.AppendConflict)]
    [InlineData(3, 4, new[] { 9 }, FailureReason.AppendGap)]
    [InlineData(3, -1, new[] { 9 }, FailureReason.AppendGap)]
    [InlineData(2, 3, new[] { 9 }, FailureReason.StaleEpoch)]
    [InlineData(4, 3, new[] { 9 }, FailureReason.OutOfOrder)]
    [InlineData(3, 3, new[] { 100 }, FailureReason.InvalidParameter)]
    [InlineData(3, 3, new[] { -1 }, FailureReason.InvalidParameter)]
    [InlineData(3, 3, new[] { 4, 5, 6, 7, 8, 9 }, FailureReason.CreditExceeded)]
    public void Append_RuleBroken_SaysWhichAndChangesNothing(int epoch, int start, int[] tokens, FailureReason reason)
    {
        Assert.Equal(reason, _ledger.Append(epoch, start, Field(tokens))?.Reason);

        Assert.Equal([1, 2, 3], _ledger.Tokens.ToArray());
        Assert.Equal(3, _ledger.Epoch);
    }

    [Fact]
    public void Append_PastTheReservation_IsRefused() =>
        Assert.Equal(FailureReason.OutputTooLong, _ledger.Append(3, 3, Field([.. Enumerable.Repeat(5, MaxTokens)]))?.Reason);

    [Fact]
    public void Append_CreditReturned_GoesOn()
    {
        Assert.Null(_ledger.Append(3, 3, [4, 5, 6, 7, 8]));
        Assert.Equal(FailureReason.CreditExceeded, _ledger.Append(3, 8, [9])?.Reason);
        _ledger.Acknowledge(4);
        Assert.Null(_ledger.Append(3, 8, [9, 10, 11, 12]));
    }

    [Fact]
    public void Ask_SuffixBeyondTheCredit_IsTaken()
    {
        int[] suffix = [.. Enumerable.Range(4, 20)];

        Assert.Null(_ledger.Ask(new Ask { Epoch = 3, Start = 3, Tokens = { suffix }, PrefixHash = PrefixHash.Of([1, 2, 3, .. suffix]).Value }, 4));
        Assert.Equal(23, _ledger.Length);
    }

    [Fact]
    public void Ask_OtherHash_NamesBoth()
    {
        SessionFault? fault = _ledger.Ask(new Ask { Epoch = 3, Start = 3, PrefixHash = 5 }, 4);

        Assert.Equal(FailureReason.PrefixMismatch, fault?.Reason);
        Assert.Equal("0000000000000005", fault!.Sent);
        Assert.Equal(PrefixHash.Of([1, 2, 3]).ToString(), fault.Held);
    }

    [Theory]
    [InlineData(4, new int[0], new int[0], FailureReason.AskPastEnd)]
    [InlineData(2, new int[0], new int[0], FailureReason.InvalidParameter)]
    [InlineData(3, new int[0], new[] { 4 }, FailureReason.AskPastEnd)]
    [InlineData(3, new int[0], new[] { 0 }, FailureReason.InvalidParameter)]
    [InlineData(3, new int[0], new[] { 2, 2 }, FailureReason.InvalidParameter)]
    [InlineData(3, new int[0], new[] { 1, 2, 3, 4, 5 }, FailureReason.TooManyPositions)]
    public void Ask_RuleBroken_SaysWhich(int start, int[] tokens, int[] positions, FailureReason reason)
    {
        Ask ask = new() { Epoch = 3, Start = start, Tokens = { tokens }, Positions = { positions }, PrefixHash = _ledger.Hash.Value };

        Assert.Equal(reason, _ledger.Ask(ask, maxPositions: 4)?.Reason);
    }

    [Fact]
    public void Truncate_ThenOtherTokens_StartsAnEpochWithItsOwnHash()
    {
        Assert.Null(_ledger.Truncate(4, 2));
        Assert.Equal(FailureReason.StaleEpoch, _ledger.Append(3, 2, [3])?.Reason);
        Assert.Null(_ledger.Append(4, 2, [7]));

        Assert.Equal([1, 2, 7], _ledger.Tokens.ToArray());
        Assert.Equal(PrefixHash.Of([1, 2, 7]), _ledger.Hash);
    }

    [Theory]
    [InlineData(3, 2, FailureReason.StaleEpoch)]
    [InlineData(4, 4, FailureReason.InvalidParameter)]
    [InlineData(4, -1, FailureReason.InvalidParameter)]
    public void Truncate_RuleBroken_SaysWhich(int epoch, int position, FailureReason reason) =>
        Assert.Equal(reason, _ledger.Truncate(epoch, position)?.Reason);

    private static RepeatedField<int> Field(int[] tokens) => [.. tokens];
}
