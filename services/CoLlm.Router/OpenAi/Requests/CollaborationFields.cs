using CoLlm.Protocol.V1;
using CoLlm.Router.Hosting;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>The request's own object <c>collm</c>: how base and experts share the work, as <c>generation.proto</c> has it.</summary>
internal static class CollaborationFields
{
    public const string Name = "collm";

    public static Collaboration Read(JsonFields request)
    {
        var collaboration = new Collaboration();
        if (request.Find(Name) is not { } element)
            return collaboration;
        JsonFields fields = JsonFields.Of(element, Name);
        fields.AllowOnly(
            "mode", "threshold", "target_rate", "warm_up_tokens", "deferral_budget", "experts", "when_expert_unavailable", "expert_wait_ms", "contested_margin");
        if (fields.Find("threshold") is not null && fields.Find("target_rate") is not null)
            throw JsonFields.Refuse("collm.target_rate", "collm.threshold and collm.target_rate exclude each other.");
        collaboration.Mode = Choice(fields, "mode", ("defer", CollaborationMode.Defer), ("compose", CollaborationMode.Compose),
            ("base", CollaborationMode.BaseOnly), ("expert", CollaborationMode.ExpertOnly));
        collaboration.WhenUnavailable = Choice(fields, "when_expert_unavailable", ("fail", WhenExpertUnavailable.Fail), ("wait", WhenExpertUnavailable.Wait),
            ("base", WhenExpertUnavailable.Base));
        if (fields.Number("threshold") is { } threshold)
            collaboration.Threshold = threshold;
        if (fields.Number("target_rate") is { } rate)
            collaboration.TargetRate = rate;
        if (fields.Number("contested_margin") is { } margin)
            collaboration.ContestedMargin = margin;
        collaboration.WarmUpTokens = fields.Integer("warm_up_tokens", 0) ?? 0;
        collaboration.ExpertWaitMs = fields.Integer("expert_wait_ms", 0) ?? 0;
        collaboration.Experts.AddRange(fields.Texts("experts", RouterOptions.MaxExperts));
        collaboration.Budget = BudgetOf(fields);
        return collaboration;
    }

    private static DeferralBudget? BudgetOf(JsonFields collaboration)
    {
        if (collaboration.Find("deferral_budget") is not { } element)
            return null;
        JsonFields fields = JsonFields.Of(element, "collm.deferral_budget");
        fields.AllowOnly("max_deferrals", "max_rate");
        var budget = new DeferralBudget();
        if (fields.Integer("max_deferrals", 0) is { } most)
            budget.MaxDeferrals = most;
        if (fields.Number("max_rate") is { } rate)
            budget.MaxRate = rate;
        return budget;
    }

    private static T Choice<T>(JsonFields fields, string name, params (string Word, T Value)[] choices)
        where T : struct
    {
        if (fields.Text(name) is not { } word)
            return default;
        foreach ((string known, T value) in choices)
        {
            if (known == word)
                return value;
        }

        throw JsonFields.Refuse(
            $"collm.{name}", $"collm.{name} is {JsonFields.Quote(fields.Find(name)!.Value)}; it must be one of {string.Join(", ", choices.Select(choice => choice.Word))}.");
    }
}
