using CoLlm.Expert.OpenAi;
using CoLlm.Expert.Tests.OpenAi.Servers;
using CoLlm.Protocol.V1;
using CoLlm.Testing;

namespace CoLlm.Expert.Tests.OpenAi;

/// <summary>Whatever a server does wrong ends the session that met it, with a typed reason and a sentence; no other session notices.</summary>
public sealed class ServerMisbehaviourTests
{
    public static TheoryData<string, FailureReason, string> Faults => new()
    {
        { "loading", FailureReason.Overloaded, "Loading model" },
        { "too many requests", FailureReason.Overloaded, "slow down" },
        { "error page", FailureReason.ExpertUnavailable, "502" },
        { "page instead of an answer", FailureReason.Internal, "no JSON but text/html" },
        { "wrong key", FailureReason.Internal, "API key" },
        { "context overflow", FailureReason.Internal, "maximum context length is 4" },
        { "bare NaN", FailureReason.Internal, "no JSON" },
        { "an array", FailureReason.Internal, "JSON array" },
        { "error with status 200", FailureReason.Internal, "out of memory" },
        { "redirect", FailureReason.Internal, "not followed" },
        { "reset mid-body", FailureReason.ExpertUnavailable, "no whole answer" },
        { "huge body", FailureReason.Internal, "bytes" },
        { "huge body announced", FailureReason.Internal, "bytes" },
        { "silence", FailureReason.ExpertUnavailable, "RequestTimeout" },
        { "BOS put before the prompt", FailureReason.PrefixMismatch, "added or cut" },
        { "truncated prompt", FailureReason.PrefixMismatch, "2 tokens where 3 were sent" },
        { "no usage", FailureReason.Internal, "without usage" },
        { "no choices", FailureReason.Internal, "choices" },
        { "logprobs null", FailureReason.Internal, "without logprobs" },
        { "no top_logprobs", FailureReason.Internal, "top_logprobs" },
        { "empty top_logprobs", FailureReason.Unsupported, "none" },
        { "logprob null", FailureReason.NonFiniteLogits, "null" },
        { "logprob text", FailureReason.Internal, "no number" },
        { "logprob infinite", FailureReason.NonFiniteLogits, "token 3" },
        { "logprob positive", FailureReason.Internal, "above zero" },
        { "probabilities above one", FailureReason.Internal, "not of one distribution" },
        { "token outside the vocabulary", FailureReason.Internal, "528" },
        { "token id too large", FailureReason.Unsupported, "no token" },
        { "token of no known text", FailureReason.Unsupported, "no token" },
        { "tokens of the same text", FailureReason.Unsupported, "several tokens" },
        { "another model", FailureReason.ModelMismatch, "org/another" },
        { "no model", FailureReason.ModelMismatch, "none named" },
        { "half a character", FailureReason.ModelMismatch, "none named" },
        { "half a character in a name", FailureReason.Internal, "a name that is no text" },
        { "no UTF-8", FailureReason.ModelMismatch, "none named" },
        { "deep nesting", FailureReason.Internal, "no JSON" },
    };

    [Fact]
    public void Faults_EveryKnownOne_HasARow() => Assert.Equal(Misbehaviour.Names.Order(), Faults.Select(row => row.Data.Item1).Order());

    [Theory]
    [MemberData(nameof(Faults))]
    public async Task Ask_ServerMisbehaves_EndsThisSessionWithASentenceAndNoOther(string fault, FailureReason reason, string words)
    {
        ManualTime time = new();
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(
            ServerFlavor.Vllm, changeServer: server => server with { TopTokens = 20, RequestTimeout = TimeSpan.FromSeconds(30) }, time: time);
        using SessionClient bystander = new(expert), culprit = new(expert);
        await bystander.OpenAsync([1, 2, 3]);
        await bystander.AskAsync();
        await culprit.OpenAsync([1, 2, 3]);
        await culprit.AskAsync();
        Task met = Misbehaviour.Arm(expert.Server!, fault, times: 2); // A reset may overtake what was written before it; the request is then repeated.

        await culprit.SendAsync(new SessionRequest { Ask = new Ask { Start = 3, PrefixHash = culprit.Hash.Value } });
        await met;
        if (fault == "silence")
            time.Advance(TimeSpan.FromSeconds(30));
        SessionResponse? last = await culprit.ReceivePastAppliedAsync();

        Assert.True(last?.Notice is { EndsSession: true }, last?.ToString());
        Assert.Equal(reason, last!.Notice.Failure.Reason);
        Assert.Contains(words, last.Notice.Failure.Message, StringComparison.Ordinal);
        Assert.Contains($"The server at {expert.Server!.Address} ", last.Notice.Failure.Message, StringComparison.Ordinal);
        Assert.EndsWith(".", last.Notice.Failure.Message, StringComparison.Ordinal);
        Assert.Null(await culprit.ReceiveAsync());
        Misbehaviour.Disarm(expert.Server);
        Assert.Single(await bystander.AskAsync());
    }

    [Fact]
    public async Task Ask_ServerIsLoadingAndSaysForHowLong_PassesTheWaitOn()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Vllm);
        using SessionClient session = new(expert);
        await session.OpenAsync([1]);
        _ = Misbehaviour.Arm(expert.Server!, "loading");

        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 1, PrefixHash = session.Hash.Value } });

        Assert.Equal(2000, (await session.ReceivePastAppliedAsync())!.Notice.Failure.RetryAfterMs);
    }

    [Fact]
    public async Task Ask_KeptConnectionIsLostBeforeAnyReply_IsRepeatedOnce()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Vllm);
        using SessionClient session = new(expert);
        await session.OpenAsync([1]);
        int losses = 1;
        expert.Server!.Instead = context =>
        {
            if (context.Request.Path != expert.Server.Dialect.CompletionPath || Interlocked.Decrement(ref losses) < 0)
                return Task.FromResult(false);
            context.Abort();
            return Task.FromResult(true);
        };

        Assert.Single(await session.AskAsync());
        Volatile.Write(ref losses, 2);
        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 1, PrefixHash = session.Hash.Value } });

        Assert.Equal(FailureReason.ExpertUnavailable, (await session.ReceivePastAppliedAsync())!.Notice.Failure.Reason);
    }

    [Fact]
    public async Task Ask_OneOfSeveralPositionsFails_EndsTheSessionWithItsReason()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.Sglang);
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3, 4]);
        await session.AskAsync();
        _ = Misbehaviour.Arm(expert.Server!, "too many requests");

        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 4, PrefixHash = session.Hash.Value, Positions = { 1, 2, 3, 4 } } });

        Assert.Equal(FailureReason.Overloaded, (await session.ReceivePastAppliedAsync())!.Notice.Failure.Reason);
    }

    [Fact]
    public async Task Ask_LlamaCppWroteAnotherTokenThanItWasMadeTo_IsRefused()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.LlamaCpp);
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3]);
        await session.AskAsync();
        expert.Server!.Spoil = (path, reply) =>
        {
            if (path == "/completion")
                reply["completion_probabilities"]![0]!["id"] = 3;
        };

        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 3, PrefixHash = session.Hash.Value } });

        Assert.Contains("another position", (await session.ReceivePastAppliedAsync())!.Notice.Failure.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ask_LlamaCppTruncatedThePrompt_IsRefused()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartBehindAsync(ServerFlavor.LlamaCpp);
        using SessionClient session = new(expert);
        await session.OpenAsync([1, 2, 3]);
        await session.AskAsync();
        expert.Server!.Spoil = (_, reply) => reply["truncated"] = true;

        await session.SendAsync(new SessionRequest { Ask = new Ask { Start = 3, PrefixHash = session.Hash.Value } });

        Assert.Equal(FailureReason.PromptTooLong, (await session.ReceivePastAppliedAsync())!.Notice.Failure.Reason);
    }
}
