using System.Globalization;
using CoLlm.Decoding;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Protocol;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using CoLlm.Router.Hosting;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;
using V1 = CoLlm.Protocol.V1;

namespace CoLlm.Router.Api;

/// <summary>Turns a Generate request into a plan, or refuses it with the first value that is wrong.</summary>
internal sealed class RequestReader(RequestOptions options)
{
    private const int MaxClientRequestIdLength = 128;

    public RequestOptions Options => options;

    /// <exception cref="RequestRefusedException">A value is out of bounds, or asks for what the model does not have.</exception>
    public async ValueTask<GenerationPlan> ReadAsync(V1.GenerateRequest request, Collaborators model, CancellationToken cancellationToken)
    {
        RequireModel(request.Model, model);
        if (request.ClientRequestId.Length > MaxClientRequestIdLength)
            throw Invalid($"client_request_id has {request.ClientRequestId.Length} characters; at most {MaxClientRequestIdLength} are allowed.");
        V1.Collaboration wishes = request.Collaboration ?? new V1.Collaboration();
        V1.CollaborationMode mode = ModeOf(wishes.Mode, model);
        ExpertPool[] experts = ExpertsOf(mode, wishes, model);

        // What experts are decides which ids may be emitted and how long sequences may get; mostly it is known already.
        if (mode != V1.CollaborationMode.BaseOnly)
            await Task.WhenAll(experts.Where(expert => expert.Model is null).Select(expert => expert.DescribeAsync(cancellationToken))).ConfigureAwait(false);

        int[] prompt = new PromptReader(model.Base).Read(request);
        IEnumerable<ExpertPool> participants = mode == V1.CollaborationMode.BaseOnly ? [] : experts;
        float? threshold = mode == V1.CollaborationMode.Defer ? ThresholdOf(wishes, model) : null;
        DecodingRequest decoding = new()
        {
            Prompt = prompt,
            MaxNewTokens = MaxNewTokensOf(request),
            MaxSequenceTokens = model.MaxSequenceTokens(participants),
            UsableVocabularySize = model.UsableVocabularySize(participants),
            Mode = DecodingModeOf(mode),
            Policy = threshold is { } cut ? PolicyOf(wishes, cut) : new FixedPolicy(null),
            Sampling = SamplingOf(request.Sampling),
            Stop = StopOf(request.Stop, model, participants),
            WhenExpertUnavailable = WhenUnavailableOf(wishes.WhenUnavailable),
            ExpertPatience = PatienceOf(wishes),
            Contested = ContestedOf(wishes),
        };
        CheckLength(decoding);
        SwapHead? head = HeadFor(model, experts);
        if (decoding.FindProblem(experts.Length, head is not null) is { } problem)
            throw Invalid(problem);
        return new GenerationPlan
        {
            Model = model,
            Mode = mode,
            Experts = experts,
            SwapHead = head,
            Request = decoding,
            IsChat = request.InputCase == V1.GenerateRequest.InputOneofCase.Chat,
            Threshold = threshold,
        };
    }

    /// <exception cref="RequestRefusedException">It names another model.</exception>
    public static void RequireModel(string name, Collaborators model)
    {
        if (name.Length > 0 && name != model.Name)
            throw new RequestRefusedException(V1.FailureReason.UnknownModel, $"There is no model {Quoted(name)}; this router has {model.Name}.");
    }

    private static string Quoted(string name) => name.Length <= 100 ? $"\"{name}\"" : $"\"{name[..100]}...\"";

    private static V1.CollaborationMode ModeOf(V1.CollaborationMode mode, Collaborators model)
    {
        bool isNamed = mode is > V1.CollaborationMode.Unspecified and <= V1.CollaborationMode.ExpertOnly;
        bool canDefer = model.Base.SwapHead.Head is not null && model.Experts.Count > 0;
        if (!isNamed)
            return canDefer ? V1.CollaborationMode.Defer : V1.CollaborationMode.BaseOnly;
        if (mode is V1.CollaborationMode.Defer or V1.CollaborationMode.Compose && model.Base.SwapHead.Head is null)
            throw new RequestRefusedException(V1.FailureReason.Unsupported, $"Model {model.Name} has no swap head, which deferring and composing need.");
        if (mode != V1.CollaborationMode.BaseOnly && model.Experts.Count == 0)
            throw new RequestRefusedException(V1.FailureReason.Unsupported, $"Model {model.Name} has no expert.");
        return mode;
    }

    private static ExpertPool[] ExpertsOf(V1.CollaborationMode mode, V1.Collaboration wishes, Collaborators model)
    {
        List<ExpertPool> chosen = [];
        foreach (string name in wishes.Experts)
        {
            ExpertPool expert = model.Experts.FirstOrDefault(expert => expert.Name == name) ?? throw UnknownExpert(name, model);
            if (chosen.Contains(expert))
                throw Invalid($"Expert {name} is named twice.");
            chosen.Add(expert);
        }

        if (mode != V1.CollaborationMode.ExpertOnly)
            return chosen.Count > 0 ? [.. chosen] : [.. model.Experts];
        return chosen.Count <= 1
            ? [chosen.FirstOrDefault() ?? model.Experts[0]]
            : throw Invalid($"Expert-only mode takes one expert; {chosen.Count} are named.");
    }

    private static RequestRefusedException UnknownExpert(string name, Collaborators model)
    {
        string known = model.Experts.Count == 0 ? "none" : string.Join(", ", model.Experts.Select(expert => expert.Name));
        return new RequestRefusedException(
            V1.FailureReason.UnknownModel, $"There is no expert {Quoted(name)}; model {model.Name} has {known}.");
    }

    private int MaxNewTokensOf(V1.GenerateRequest request)
    {
        int wanted = request.MaxNewTokens == 0 ? options.DefaultMaxNewTokens : request.MaxNewTokens;
        if (wanted < 0)
            throw Invalid($"max_new_tokens is {wanted}; it must be 0 or more.");
        return wanted <= options.MaxNewTokens
            ? wanted
            : throw new RequestRefusedException(V1.FailureReason.OutputTooLong, $"max_new_tokens is {wanted}; at most {options.MaxNewTokens} are allowed.");
    }

    private void CheckLength(DecodingRequest request)
    {
        int most = Math.Min(options.MaxPromptTokens ?? int.MaxValue, request.MaxSequenceTokens - 1);
        if (request.Prompt.Length > most)
            throw new RequestRefusedException(V1.FailureReason.PromptTooLong, $"The prompt has {request.Prompt.Length} tokens; at most {most} are allowed.");
    }

    private static float ThresholdOf(V1.Collaboration wishes, Collaborators model)
    {
        switch (wishes.RuleCase)
        {
            case V1.Collaboration.RuleOneofCase.Threshold:
                return float.IsFinite(wishes.Threshold) ? wishes.Threshold : throw Invalid($"threshold is {Text(wishes.Threshold)}; it must be finite.");
            case V1.Collaboration.RuleOneofCase.TargetRate:
                if (wishes.TargetRate is not (>= 0f and <= 1f))
                    throw Invalid($"target_rate is {Text(wishes.TargetRate)}; it must be 0 to 1.");
                return model.Base.SwapHead.Calibration?.ThresholdFor(wishes.TargetRate)
                    ?? throw new RequestRefusedException(
                        V1.FailureReason.Unsupported, $"The swap head of model {model.Name} has no calibration table, which target_rate needs.");
            default:
                return model.DefaultThreshold!.Value;
        }
    }

    private static DeferralPolicy PolicyOf(V1.Collaboration wishes, float threshold)
    {
        if (wishes.WarmUpTokens < 0)
            throw Invalid($"warm_up_tokens is {wishes.WarmUpTokens}; it must be 0 or more.");
        var policy = new ThresholdPolicy(threshold, wishes.WarmUpTokens);
        if (wishes.Budget is not { } budget || !(budget.HasMaxDeferrals || budget.HasMaxRate))
            return policy;
        if (budget.MaxDeferrals < 0)
            throw Invalid($"budget.max_deferrals is {budget.MaxDeferrals}; it must be 0 or more.");
        if (budget.HasMaxRate && budget.MaxRate is not (> 0f and <= 1f))
            throw Invalid($"budget.max_rate is {Text(budget.MaxRate)}; it must be above 0 and at most 1.");
        return new BudgetedPolicy(policy, budget.HasMaxDeferrals ? budget.MaxDeferrals : null, budget.HasMaxRate ? budget.MaxRate : null);
    }

    private static SamplingParameters SamplingOf(V1.SamplingParameters? sampling)
    {
        if (sampling is null)
            return SamplingParameters.Greedy;
        return SamplingParameters.TryCreate(
            sampling.Temperature, sampling.TopK, sampling.TopPOrDefault(), sampling.MinP, sampling.RepetitionPenaltyOrDefault(), sampling.Seed,
            out string? problem) ?? throw Invalid($"sampling: {problem}");
    }

    private static StopConditions StopOf(V1.StopConditions? stop, Collaborators model, IEnumerable<ExpertPool> experts)
    {
        stop ??= new V1.StopConditions();
        IEnumerable<int> endIds = stop.IgnoreEndOfSequence
            ? []
            : model.Base.EosTokenIds.Concat(experts.SelectMany(expert => expert.Model?.EosTokenIds ?? Enumerable.Empty<int>()));
        if (stop.TokenIds.Any(id => id < 0))
            throw Invalid($"stop.token_ids has {stop.TokenIds.First(id => id < 0)}; token ids are 0 or more.");
        return StopConditions.TryCreate(endIds, stop.TokenIds, stop.Strings, out string? problem) ?? throw Invalid($"stop: {problem}");
    }

    private Decoding.Experts.WhenExpertUnavailable WhenUnavailableOf(V1.WhenExpertUnavailable wish) => wish switch
    {
        V1.WhenExpertUnavailable.Fail => Decoding.Experts.WhenExpertUnavailable.Fail,
        V1.WhenExpertUnavailable.Wait => Decoding.Experts.WhenExpertUnavailable.Wait,
        V1.WhenExpertUnavailable.Base => Decoding.Experts.WhenExpertUnavailable.Base,
        _ => options.WhenExpertUnavailable,
    };

    private TimeSpan PatienceOf(V1.Collaboration wishes)
    {
        var wanted = TimeSpan.FromMilliseconds(wishes.ExpertWaitMs);
        if (wanted < TimeSpan.Zero || wanted > options.MaxExpertWait)
            throw Invalid($"expert_wait_ms is {wishes.ExpertWaitMs}; it must be 0 to {(long)options.MaxExpertWait.TotalMilliseconds}.");
        return wanted == TimeSpan.Zero ? options.ExpertWait : wanted;
    }

    private static ContestedRule ContestedOf(V1.Collaboration wishes)
    {
        if (!wishes.HasContestedMargin)
            return new ContestedRule(ContestedRule.DefaultMargin);
        return wishes.ContestedMargin is >= 0f and <= 1f
            ? new ContestedRule(wishes.ContestedMargin)
            : throw Invalid($"contested_margin is {Text(wishes.ContestedMargin)}; it must be 0 to 1.");
    }

    private static SwapHead? HeadFor(Collaborators model, ExpertPool[] experts) =>
        model.Base.SwapHead.Head?.Restrict([.. experts.Select(expert => model.Experts.Index().First(entry => entry.Item == expert).Index)]);

    private static DecodingMode DecodingModeOf(V1.CollaborationMode mode) => mode switch
    {
        V1.CollaborationMode.Compose => DecodingMode.Compose,
        V1.CollaborationMode.BaseOnly => DecodingMode.BaseOnly,
        V1.CollaborationMode.ExpertOnly => DecodingMode.ExpertOnly,
        _ => DecodingMode.Defer,
    };

    private static string Text(float value) => value.ToString(CultureInfo.InvariantCulture);

    private static RequestRefusedException Invalid(string message) => RequestRefusedException.Invalid(message);
}
