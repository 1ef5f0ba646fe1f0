using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Router.Hosting;
using CoLlm.Router.Tests.Peers;
using Grpc.Core;

namespace CoLlm.Router.Tests.Api;

/// <summary>One router and one expert for the whole table of requests.</summary>
public sealed class ValidationFixture : IAsyncLifetime
{
    private ScriptedExpert _expert = null!;

    internal RouterUnderTest Router { get; private set; } = null!;

    public async ValueTask InitializeAsync()
    {
        _expert = await ScriptedExpert.StartAsync();
        RouterOptions options = RouterUnderTest.Options(_expert.Address);
        Router = await RouterUnderTest.StartAsync(options with { Requests = options.Requests with { MaxNewTokens = 100, DefaultMaxNewTokens = 100, MaxPromptTokens = 300 } });
    }

    public async ValueTask DisposeAsync()
    {
        await Router.DisposeAsync();
        await _expert.DisposeAsync();
    }
}

/// <summary>Every parameter of Generate that can be wrong: the status, the reason and a sentence that names it.</summary>
public sealed class RequestValidationTests(ValidationFixture fixture) : IClassFixture<ValidationFixture>
{
    private static readonly Dictionary<string, (Action<GenerateRequest> Spoil, FailureReason Reason, string Sentence)> Cases = new()
    {
        ["model"] = (r => r.Model = "other", FailureReason.UnknownModel, "There is no model \"other\"; this router has collm."),
        ["input"] = (r => r.ClearInput(), FailureReason.InvalidParameter, "The request has no prompt, token_ids or chat."),
        ["empty ids"] = (r => r.TokenIds.Ids.Clear(), FailureReason.InvalidParameter, "The prompt has no token."),
        ["id above"] = (r => r.TokenIds.Ids[1] = 512, FailureReason.InvalidParameter, "token_ids[1] is 512; the model has the ids 0 to 511."),
        ["id below"] = (r => r.TokenIds.Ids[2] = -1, FailureReason.InvalidParameter, "token_ids[2] is -1"),
        ["chat empty"] = (r => r.Chat = new Chat(), FailureReason.InvalidParameter, "chat has no message."),
        ["chat role"] = (r => r.Chat = new Chat { Messages = { new ChatMessage { Role = "robot" } } }, FailureReason.InvalidParameter, "role \"robot\""),
        ["max tokens"] = (r => r.MaxNewTokens = -1, FailureReason.InvalidParameter, "max_new_tokens is -1"),
        ["max tokens bound"] = (r => r.MaxNewTokens = 101, FailureReason.OutputTooLong, "max_new_tokens is 101; at most 100 are allowed."),
        ["prompt bound"] = (r => r.TokenIds.Ids.AddRange(new int[300]), FailureReason.PromptTooLong, "at most 300 are allowed."),
        ["temperature"] = (r => r.Sampling = new() { Temperature = -1f }, FailureReason.InvalidParameter, "temperature is -1"),
        ["temperature NaN"] = (r => r.Sampling = new() { Temperature = float.NaN }, FailureReason.InvalidParameter, "temperature is NaN"),
        ["top p"] = (r => r.Sampling = new() { TopP = 0f }, FailureReason.InvalidParameter, "top_p is 0"),
        ["top k"] = (r => r.Sampling = new() { TopK = -3 }, FailureReason.InvalidParameter, "top_k is -3"),
        ["min p"] = (r => r.Sampling = new() { MinP = 2f }, FailureReason.InvalidParameter, "min_p is 2"),
        ["penalty"] = (r => r.Sampling = new() { RepetitionPenalty = 0f }, FailureReason.InvalidParameter, "repetition_penalty is 0"),
        ["stop empty"] = (r => r.Stop.Strings.Add(""), FailureReason.InvalidParameter, "A stop string is empty."),
        ["stop long"] = (r => r.Stop.Strings.Add(new string('x', 257)), FailureReason.InvalidParameter, "257 characters; at most 256"),
        ["stop many"] = (r => r.Stop.Strings.AddRange(Enumerable.Repeat("x", 17)), FailureReason.InvalidParameter, "17 stop strings; at most 16"),
        ["stop ids many"] = (r => r.Stop.TokenIds.AddRange(new int[65]), FailureReason.InvalidParameter, "65 stop ids; at most 64"),
        ["stop id"] = (r => r.Stop.TokenIds.Add(-5), FailureReason.InvalidParameter, "stop.token_ids has -5"),
        ["threshold"] = (r => r.Collaboration.Threshold = float.NaN, FailureReason.InvalidParameter, "threshold is NaN"),
        ["rate"] = (r => r.Collaboration.TargetRate = 1.5f, FailureReason.InvalidParameter, "target_rate is 1.5"),
        ["rate uncalibrated"] = (r => r.Collaboration.TargetRate = 0.5f, FailureReason.Unsupported, "no calibration table"),
        ["warm-up"] = (r => r.Collaboration.WarmUpTokens = -1, FailureReason.InvalidParameter, "warm_up_tokens is -1"),
        ["deferrals"] = (r => r.Collaboration.Budget = new() { MaxDeferrals = -1 }, FailureReason.InvalidParameter, "max_deferrals is -1"),
        ["max rate"] = (r => r.Collaboration.Budget = new() { MaxRate = 0f }, FailureReason.InvalidParameter, "max_rate is 0"),
        ["expert"] = (r => r.Collaboration.Experts.Add("nobody"), FailureReason.UnknownModel, "There is no expert \"nobody\"; model collm has expert."),
        ["expert twice"] = (r => r.Collaboration.Experts.AddRange(["expert", "expert"]), FailureReason.InvalidParameter, "Expert expert is named twice."),
        ["wait"] = (r => r.Collaboration.ExpertWaitMs = 300_001, FailureReason.InvalidParameter, "expert_wait_ms is 300001; it must be 0 to 300000."),
        ["wait below"] = (r => r.Collaboration.ExpertWaitMs = -1, FailureReason.InvalidParameter, "expert_wait_ms is -1"),
        ["margin"] = (r => r.Collaboration.ContestedMargin = -0.1f, FailureReason.InvalidParameter, "contested_margin is -0.1"),
        ["client id"] = (r => r.ClientRequestId = new string('x', 129), FailureReason.InvalidParameter, "client_request_id has 129 characters"),
    };

    public static TheoryData<string> Names => [.. Cases.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public async Task Generate_ValueOutOfBounds_IsRefusedWithStatusReasonAndSentence(string name)
    {
        (Action<GenerateRequest> spoil, FailureReason reason, string sentence) = Cases[name];
        GenerateRequest request = RouterUnderTest.Request("short");
        spoil(request);

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => fixture.Router.GenerateAsync(request));

        Assert.Equal(reason.StatusCode(), exception.StatusCode);
        Assert.Equal(reason.Name(), exception.Trailers.GetValue(FailureReasons.ReasonTrailer));
        Assert.Contains(sentence, exception.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, fixture.Router.Statistics.OpenSessions);
    }

    [Fact]
    public async Task Generate_ValuesOfANewerClient_CountAsTheirDefaults()
    {
        GenerateRequest request = RouterUnderTest.Request("short", threshold: 1f);
        request.Collaboration.Mode = (CollaborationMode)77;
        request.Collaboration.WhenUnavailable = (WhenExpertUnavailable)77;

        Answered answer = await fixture.Router.GenerateAsync(request);

        Assert.Equal(CollaborationMode.Defer, answer.Started!.Mode);
        Assert.Equal(32, answer.Summary!.BaseTokenCount);
    }

    [Fact]
    public async Task Generate_AnswerReachesTheLongestSequence_EndsWithContextFull()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.Options() with
        {
            Base = RouterUnderTest.Options().Base! with { MaxSequenceTokens = 20 },
        });
        GenerateRequest request = RouterUnderTest.Request("short");

        Answered answer = await router.GenerateAsync(request);

        Assert.Equal(FinishReason.ContextFull, answer.Summary!.FinishReason);
        Assert.Equal(12, answer.Tokens.Count);
        Assert.Equal(12, answer.Started!.MaxNewTokens);
    }
}
