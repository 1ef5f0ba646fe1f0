using CoLlm.Protocol.V1;
using CoLlm.Router.Api;
using CoLlm.Router.OpenAi;

namespace CoLlm.Router.Tests.OpenAi;

/// <summary>Every reason has a status that clients act rightly on: repeat what may pass, mend what is wrong.</summary>
public sealed class OpenAiErrorTests
{
    [Theory]
    [InlineData(FailureReason.InvalidParameter, 0, 400, "invalid_parameter", "invalid_request_error")]
    [InlineData(FailureReason.Unsupported, 0, 400, "unsupported", "invalid_request_error")]
    [InlineData(FailureReason.PromptTooLong, 0, 400, "context_length_exceeded", "invalid_request_error")]
    [InlineData(FailureReason.UnknownModel, 0, 404, "model_not_found", "invalid_request_error")]
    [InlineData(FailureReason.TooManyRequests, 1, 429, "too_many_requests", "rate_limit_error")]
    [InlineData(FailureReason.KvPoolExhausted, 1, 429, "kv_pool_exhausted", "rate_limit_error")]
    [InlineData(FailureReason.KvPoolExhausted, 0, 400, "kv_pool_exhausted", "invalid_request_error")]
    [InlineData(FailureReason.Overloaded, 1, 503, "overloaded", "server_error")]
    [InlineData(FailureReason.Draining, 0, 503, "draining", "server_error")]
    [InlineData(FailureReason.Internal, 0, 500, "internal", "server_error")]
    public void Of_Refusal_HasItsStatusCodeAndType(FailureReason reason, int retrySeconds, int status, string code, string type)
    {
        OpenAiError error = OpenAiError.Of(new RequestRefusedException(reason, "A sentence.", TimeSpan.FromSeconds(retrySeconds)));
        Assert.Equal((status, code, type, "A sentence."), (error.Status, error.Code, error.Type, error.Message));
        Assert.Equal(TimeSpan.FromSeconds(retrySeconds), error.RetryAfter);
    }

    [Theory]
    [InlineData(FinishReason.Shutdown, null, 503, "draining")]
    [InlineData(FinishReason.ExpertUnavailable, null, 503, "expert_unavailable")]
    [InlineData(FinishReason.ExpertUnavailable, FailureReason.DeadlineExceeded, 503, "deadline_exceeded")]
    [InlineData(FinishReason.Failed, FailureReason.NonFiniteLogits, 500, "non_finite_logits")]
    public void Of_AnswerThatFailed_SaysWhoseFaultItIs(FinishReason finish, FailureReason? reason, int status, string code)
    {
        var summary = new Summary { FinishReason = finish };
        if (reason is { } known)
            summary.Failure = new Failure { Reason = known, Message = "What happened." };
        OpenAiError error = OpenAiError.Of(summary);
        Assert.Equal((status, code), (error.Status, error.Code));
        Assert.NotEmpty(error.Message);
    }

    [Theory]
    [InlineData("Experts law, medicine did not give what the answer needed: deadline_exceeded.", 1, 2)]
    [InlineData("Expert medicine did not give what the answer needed: deadline_exceeded.", 0, 2)]
    [InlineData("An expert did not give what the answer needed: deadline_exceeded.", 0, 0)]
    public void Of_ExpertLost_TellsItsNameAndNothingOfItsReplicas(string sentence, int failedByLaw, int failedByMedicine)
    {
        Summary summary = new()
        {
            FinishReason = FinishReason.ExpertUnavailable,
            Failure = new Failure { Reason = FailureReason.DeadlineExceeded, Message = "http://10.0.0.7:5200/ did not answer within 5 s." },
            Experts = { new ExpertUsage { Name = "law", FailedCallCount = failedByLaw }, new ExpertUsage { Name = "medicine", FailedCallCount = failedByMedicine } },
        };
        Assert.Equal(sentence, OpenAiError.Of(summary).Message);
    }
}
