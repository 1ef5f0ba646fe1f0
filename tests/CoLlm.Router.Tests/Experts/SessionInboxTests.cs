using CoLlm.Decoding.Experts;
using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using Google.Protobuf;

namespace CoLlm.Router.Tests.Experts;

/// <summary>What a router believes of an expert's replies, and what it does not.</summary>
public sealed class SessionInboxTests
{
    private static readonly SessionTerms Terms = new()
    {
        Model = "expert",
        ModelFingerprint = "right",
        UsableVocabularySize = 100,
        MaxSequenceTokens = 64,
    };

    [Fact]
    public void Take_AnswerToTheQuestion_IsTheAnswer()
    {
        SessionInbox inbox = Granted();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(Answer(12, token: 7, change: answer => (answer.ArgmaxTokenId, answer.PassCount, answer.ComputedTokenCount) = (9, 3, 14)));

        ExpertAnswer? found = inbox.TakeAnswer();
        Assert.Equal((7, 9, -1f), (found!.Value.Token.TokenId, found.Value.Token.ArgmaxTokenId, found.Value.Token.LogProbability));
        Assert.Equal((3, 14), (inbox.PassCount, inbox.ComputedTokenCount));
        Assert.Null(inbox.TakeAnswer());
    }

    [Fact]
    public void Take_LateDuplicateAndOlderEpochs_AreDroppedAndCounted()
    {
        SessionInbox inbox = Granted(epoch: 4);
        inbox.Take(Answer(10, token: 1, epoch: 4));
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(Answer(12, token: 2, epoch: 3));
        inbox.Take(Answer(11, token: 3, epoch: 4));
        Assert.True(inbox.IsWaiting);
        inbox.Take(Answer(12, token: 5, epoch: 4));
        inbox.Take(Answer(12, token: 6, epoch: 4));

        Assert.Equal(5, inbox.TakeAnswer()!.Value.Token.TokenId);
        Assert.Equal(4, inbox.StaleReplyCount);
        Assert.Null(inbox.Ended);
    }

    [Fact]
    public void Take_RepliesWithoutEnd_EndTheSession()
    {
        SessionInbox inbox = Granted();
        for (int i = 0; i <= SessionInbox.MaxStaleReplies; i++)
            inbox.Take(Answer(10, token: 1));

        Assert.Equal(FailureReason.OutOfOrder, inbox.Ended!.Reason);
    }

    public static TheoryData<string, SessionResponse> BrokenReplies => new()
    {
        { "epoch 1, in epoch 0", Answer(12, token: 1, epoch: 1) },
        { "position 13, and 12 was asked", Answer(13, token: 1) },
        { "token 100", Answer(12, token: 100) },
        { "token -1", Answer(12, token: -1) },
        { "log-probability NaN", Answer(12, token: 1, change: answer => answer.LogProbability = float.NaN) },
        { "Opened came twice", new SessionResponse { Opened = new Opened() } },
        { "Applied has epoch 2", new SessionResponse { Applied = new Applied { Epoch = 2, Position = 1 } } },
    };

    [Theory]
    [MemberData(nameof(BrokenReplies))]
    public void Take_ReplyAgainstTheProtocol_EndsTheSessionSayingWhat(string what, SessionResponse reply)
    {
        SessionInbox inbox = Granted();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(reply);

        Assert.Equal(FailureReason.OutOfOrder, inbox.Ended!.Reason);
        Assert.Contains(what, inbox.Ended.Message, StringComparison.Ordinal);
        Assert.Null(inbox.TakeAnswer());
    }

    [Fact]
    public void Take_AnswerBeforeOpened_EndsTheSession()
    {
        SessionInbox inbox = New();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(Answer(12, token: 1));
        Assert.Contains("Answer came before Opened", inbox.Ended!.Message, StringComparison.Ordinal);
    }

    public static TheoryData<FailureReason, string, Opened> Mismatches => new()
    {
        { FailureReason.ProtocolVersionMismatch, "1 here, 9 there", Opened(opened => opened.ProtocolVersion = 9) },
        { FailureReason.ProtocolVersionMismatch, "1 here, 0 there", Opened(opened => opened.ProtocolVersion = 0) },
        { FailureReason.ModelMismatch, "right here, wrong there", Opened(opened => opened.Model.Fingerprint = "wrong") },
        { FailureReason.VocabularyMismatch, "100 here, 99 there", Opened(opened => opened.Model.VocabularySize = 99) },
    };

    [Theory]
    [MemberData(nameof(Mismatches))]
    public void Take_OpenedThatDoesNotFit_IsRefusedWithBothValues(FailureReason reason, string values, Opened opened)
    {
        SessionInbox inbox = New();
        inbox.Take(new SessionResponse { Opened = opened });

        Assert.Equal(reason, inbox.Ended!.Reason);
        Assert.Equal(ExpertOutcome.Unsupported, inbox.Ended.Outcome);
        Assert.Contains(values, inbox.Ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void CreditEnd_Acknowledgements_MoveItForward()
    {
        SessionInbox inbox = New();
        Assert.Equal(0, inbox.CreditEnd);
        inbox.Take(new SessionResponse { Opened = Opened(opened => (opened.HeldTokens, opened.CreditTokens) = (4, 20)) });
        Assert.Equal(24, inbox.CreditEnd);
        inbox.Take(new SessionResponse { Applied = new Applied { Position = 10 } });
        Assert.Equal(30, inbox.CreditEnd);
        inbox.Expect(25, ExpertAnswerForm.Token);
        inbox.Take(Answer(25, token: 1));
        Assert.Equal(45, inbox.CreditEnd);
        inbox.Take(new SessionResponse { Applied = new Applied { Position = 12 } });
        Assert.Equal(45, inbox.CreditEnd);
    }

    [Theory]
    [InlineData(FailureReason.Evicted, ExpertOutcome.Unavailable)]
    [InlineData(FailureReason.PrefixMismatch, ExpertOutcome.PrefixMismatch)]
    [InlineData(FailureReason.KvPoolExhausted, ExpertOutcome.Overloaded)]
    [InlineData(FailureReason.TokenizerMismatch, ExpertOutcome.Unsupported)]
    [InlineData(FailureReason.Internal, ExpertOutcome.Unavailable)]
    public void Take_NoticeThatEndsTheSession_IsTheReason(FailureReason reason, ExpertOutcome outcome)
    {
        SessionInbox inbox = New();
        inbox.Take(Notice(reason, endsSession: true, notice => (notice.Sent, notice.Held) = ("ours", "theirs")));

        Assert.Equal((reason, outcome), (inbox.Ended!.Reason, inbox.Ended.Outcome));
        Assert.Contains("(sent ours, held theirs)", inbox.Ended.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Take_OverloadedForTheQuestion_RefusesItAndTheSessionGoesOn()
    {
        SessionInbox inbox = Granted();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(Notice(FailureReason.Overloaded, endsSession: false, notice => (notice.Position, notice.Failure.RetryAfterMs) = (12, 30)));

        Assert.False(inbox.IsWaiting);
        Assert.Equal((FailureReason.Overloaded, TimeSpan.FromMilliseconds(30)), (inbox.Refusal!.Reason, inbox.Refusal.RetryAfter));
        Assert.Null(inbox.Ended);
        inbox.Expect(12, ExpertAnswerForm.Token);
        Assert.True(inbox.IsWaiting);
    }

    [Fact]
    public void Take_DrainingAhead_OnlyMarksTheReplica()
    {
        SessionInbox inbox = Granted();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.Take(Notice(FailureReason.Draining, endsSession: false));

        Assert.True(inbox.IsDraining);
        Assert.True(inbox.IsWaiting);
    }

    [Theory]
    [InlineData(199, "199 bytes of logits")]
    [InlineData(202, "202 bytes of logits")]
    [InlineData(200, "not numbers")]
    public void Take_LogitsThatCannotBeUsed_EndTheSession(int byteCount, string what)
    {
        SessionInbox inbox = Granted(ExpertAnswerForm.Logits);
        inbox.Expect(12, ExpertAnswerForm.Logits);
        byte[] logits = new byte[byteCount];
        logits.AsSpan().Fill(0xFF);
        inbox.Take(Answer(12, token: 0, change: answer => answer.Logits = ByteString.CopyFrom(logits)));

        Assert.Contains(what, inbox.Ended!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void RaiseEpoch_RepliesSentBefore_AreDropped()
    {
        SessionInbox inbox = Granted();
        inbox.Expect(12, ExpertAnswerForm.Token);
        inbox.RaiseEpoch(8);
        inbox.Take(Answer(12, token: 1));
        inbox.Expect(9, ExpertAnswerForm.Token);
        inbox.Take(Answer(9, token: 2, epoch: 1));

        Assert.Equal(2, inbox.TakeAnswer()!.Value.Token.TokenId);
        Assert.Equal(1, inbox.StaleReplyCount);
    }

    private static SessionInbox New(int epoch = 0, ExpertAnswerForm form = ExpertAnswerForm.Token) =>
        new(new Uri("http://expert"), Terms with { Form = form }, epoch, openedLength: 10);

    private static SessionInbox Granted(ExpertAnswerForm form = ExpertAnswerForm.Token, int epoch = 0)
    {
        SessionInbox inbox = New(epoch, form);
        inbox.Take(new SessionResponse { Opened = Opened(opened => opened.Epoch = epoch) });
        Assert.Null(inbox.Ended);
        return inbox;
    }

    private static SessionInbox Granted(int epoch) => Granted(ExpertAnswerForm.Token, epoch);

    private static Opened Opened(Action<Opened> change)
    {
        var opened = new Opened
        {
            ProtocolVersion = 1,
            CreditTokens = 256,
            Model = new ModelDescription { Fingerprint = "right", VocabularySize = 100 },
        };
        change(opened);
        return opened;
    }

    private static SessionResponse Answer(int position, int token, int epoch = 0, Action<Answer>? change = null)
    {
        var answer = new Answer { Epoch = epoch, Position = position, TokenId = token, LogProbability = -1f };
        change?.Invoke(answer);
        return new SessionResponse { Answer = answer };
    }

    private static SessionResponse Notice(FailureReason reason, bool endsSession, Action<Notice>? change = null)
    {
        var notice = new Notice { Failure = new Failure { Reason = reason, Message = "Scripted." }, EndsSession = endsSession };
        change?.Invoke(notice);
        return new SessionResponse { Notice = notice };
    }
}
