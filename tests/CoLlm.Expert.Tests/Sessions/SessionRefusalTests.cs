using CoLlm.Expert.OpenAi;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Tests.Sessions;

/// <summary>What does not fit or breaks the rules ends the session with a typed reason and a sentence; no other session notices.</summary>
public sealed class SessionRefusalTests
{
    public static TheoryData<string, FailureReason, string, string> Opens => new()
    {
        { "version", FailureReason.ProtocolVersionMismatch, "0", "1 to 1" },
        { "model", FailureReason.UnknownModel, "", "" },
        { "fingerprint", FailureReason.ModelMismatch, "feed", "*" },
        { "tokenizer", FailureReason.TokenizerMismatch, "beef", "*" },
        { "vocabulary", FailureReason.VocabularyMismatch, "529", "528" },
        { "length", FailureReason.OutputTooLong, "", "" },
        { "no length", FailureReason.InvalidParameter, "", "" },
        { "prompt", FailureReason.PromptTooLong, "", "" },
        { "token", FailureReason.InvalidParameter, "", "" },
        { "sampling", FailureReason.InvalidParameter, "", "" },
        { "top-k", FailureReason.InvalidParameter, "", "" },
        { "form", FailureReason.Unsupported, "", "" },
    };

    [Theory]
    [MemberData(nameof(Opens))]
    public Task Open_DoesNotFit_IsRefusedWithBothValues(string what, FailureReason reason, string sent, string held) =>
        CheckOpenAsync(backend: null, what, reason, sent, held);

    [Theory]
    [MemberData(nameof(Opens))]
    public Task Open_DoesNotFitAServerElsewhere_IsRefusedWithBothValues(string what, FailureReason reason, string sent, string held) =>
        CheckOpenAsync(ServerFlavor.Vllm, what, reason, sent, held);

    public static TheoryData<string, FailureReason> Messages => new()
    {
        { "second open", FailureReason.OutOfOrder },
        { "nothing", FailureReason.MalformedMessage },
        { "gap", FailureReason.AppendGap },
        { "conflict", FailureReason.AppendConflict },
        { "stale", FailureReason.StaleEpoch },
        { "credit", FailureReason.CreditExceeded },
        { "hash", FailureReason.PrefixMismatch },
        { "past the end", FailureReason.AskPastEnd },
        { "positions", FailureReason.TooManyPositions },
    };

    [Theory]
    [MemberData(nameof(Messages))]
    public Task Message_BreaksARule_EndsThisSessionAndNoOther(string what, FailureReason reason) => CheckMessageAsync(backend: null, what, reason);

    [Theory]
    [MemberData(nameof(Messages))]
    public Task Message_BreaksARuleBeforeAServerElsewhere_EndsThisSessionAndNoOther(string what, FailureReason reason) =>
        CheckMessageAsync(ServerFlavor.LlamaCpp, what, reason);

    [Fact]
    public async Task Session_FirstMessageIsNoOpen_IsRefused()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using SessionClient session = new(expert);

        await session.SendAsync(new SessionRequest { Append = new Append { Tokens = { 1 } } });

        Assert.Equal(FailureReason.OutOfOrder, (await session.ReceiveAsync())?.Notice.Failure.Reason);
    }

    [Fact]
    public async Task Session_Garbage_EndsItWithAStatusAndFreesItsBlocks()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        using SessionClient bystander = new(expert);
        await bystander.OpenAsync([1, 2, 3]);
        Method<byte[], byte[]> raw = new(
            MethodType.DuplexStreaming, "collm.v1.Expert", "Session", Marshallers.Create(static bytes => bytes, static bytes => bytes),
            Marshallers.Create(static bytes => bytes, static bytes => bytes));

        using AsyncDuplexStreamingCall<byte[], byte[]> call = expert.Channel.CreateCallInvoker().AsyncDuplexStreamingCall(raw, null, new CallOptions());
        await call.RequestStream.WriteAsync([0xFF, 0xFF, 0xFF, 0xFF, 0x12]);
        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => call.ResponseStream.MoveNext(CancellationToken.None));

        Assert.True(exception.StatusCode is StatusCode.Internal or StatusCode.Unknown, exception.Message);
        Assert.Single(await bystander.AskAsync());
        Assert.Equal(1, expert.Statistics.OpenSessions);
    }

    private static async Task CheckOpenAsync(ServerFlavor? backend, string what, FailureReason reason, string sent, string held)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using SessionClient session = new(expert);

        Notice notice = await session.OpenRefusedAsync(open => Spoil(open, what));

        Assert.Equal(reason, notice.Failure.Reason);
        Assert.EndsWith(".", notice.Failure.Message, StringComparison.Ordinal);
        Assert.Equal(sent, notice.Sent);
        Assert.True(held == "*" ? notice.Held.Length == 32 || notice.Held.Length > 0 : notice.Held == held, notice.Held);
        Assert.Equal(0, expert.Table.Count);
    }

    private static async Task CheckMessageAsync(ServerFlavor? backend, string what, FailureReason reason)
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(backend);
        using SessionClient bystander = new(expert), culprit = new(expert);
        await bystander.OpenAsync([1, 2, 3]);
        await culprit.OpenAsync([1, 2, 3], maxSequenceTokens: 400);

        await culprit.SendAsync(Broken(what));
        SessionResponse? last = await culprit.ReceivePastAppliedAsync();

        Assert.Equal(reason, last?.Notice?.Failure.Reason);
        Assert.True(last!.Notice.EndsSession);
        Assert.Null(await culprit.ReceiveAsync());
        Assert.Single(await bystander.AskAsync());
        Assert.Equal(1, expert.Table.Count);
    }

    private static void Spoil(Open open, string what)
    {
        switch (what)
        {
            case "version":
                open.ProtocolVersion = 0;
                break;
            case "model":
                open.Model = "another";
                break;
            case "fingerprint":
                open.ModelFingerprint = "feed";
                break;
            case "tokenizer":
                open.TokenizerFingerprint = "beef";
                break;
            case "vocabulary":
                open.UsableVocabularySize = 529;
                break;
            case "length":
                open.MaxSequenceTokens = 1 << 30;
                break;
            case "no length":
                open.MaxSequenceTokens = 0;
                break;
            case "prompt":
                open.MaxSequenceTokens = 2;
                break;
            case "token":
                open.Tokens.Add(528);
                break;
            case "sampling":
                open.Sampling = new SamplingParameters { Temperature = -1 };
                break;
            case "top-k":
                open.TopK = 1 << 20;
                break;
            case "form":
                open.AnswerForm = (AnswerForm)9;
                break;
        }
    }

    private static SessionRequest Broken(string what) => what switch
    {
        "second open" => new SessionRequest { Open = new Open { ProtocolVersion = 1, MaxSequenceTokens = 8 } },
        "nothing" => new SessionRequest(),
        "gap" => new SessionRequest { Append = new Append { Start = 4, Tokens = { 1 } } },
        "conflict" => new SessionRequest { Append = new Append { Start = 1, Tokens = { 9 } } },
        "stale" => new SessionRequest { Append = new Append { Epoch = -1, Start = 3 } },
        "credit" => new SessionRequest { Append = new Append { Start = 3, Tokens = { Enumerable.Repeat(1, 300) } } },
        "hash" => new SessionRequest { Ask = new Ask { Start = 3, PrefixHash = 1 } },
        "past the end" => new SessionRequest { Ask = new Ask { Start = 3, Positions = { 4 } } },
        _ => new SessionRequest { Ask = new Ask { Start = 3, Positions = { Enumerable.Range(1, 65) } } },
    };
}
