using System.Globalization;
using CoLlm.Decoding;
using CoLlm.Decoding.Deferral;

namespace CoLlm.Evaluation.Systems;

/// <summary>
/// The systems that a set of models allows, in the order in which they run: random deferral comes after the collaboration whose
/// realised rate it takes.
/// </summary>
internal sealed class SystemCatalog(ModelSet models, EvaluationOptions options)
{
    private static readonly FixedPolicy Never = new(null);

    /// <exception cref="EvaluationException">A rate is asked for, but the model's swap head was never calibrated.</exception>
    public IReadOnlyList<SystemPlan> All()
    {
        SystemPlan[] plans = [.. Alone(), .. Collaborations(), .. Mixtures()];
        return options.Kinds.Count == 0 ? plans : [.. plans.Where(plan => options.Kinds.Contains(plan.Kind))];
    }

    private LoadedModel Small => models.Base ?? models.Trained;

    private IEnumerable<SystemPlan> Alone()
    {
        if (models.Base is { } before)
            yield return Plan("base", "base", "the base before training", Decoded(before, [], DecodingMode.BaseOnly, Never));
        if (models.Finetuned is { } finetuned)
            yield return Plan("finetuned", "finetuned", "the base trained on the same data without experts", Decoded(finetuned, [], DecodingMode.BaseOnly, Never));
        foreach (LoadedModel expert in models.Experts)
            yield return Plan($"expert:{expert.Name}", "expert", $"the expert {expert.Name} alone", Decoded(null, [expert], DecodingMode.ExpertOnly, Never));
    }

    private IEnumerable<SystemPlan> Collaborations()
    {
        if (models.Head is null)
            yield break;
        foreach (float rate in options.Rates)
        {
            float threshold = rate == 0f ? 1f : models.Calibration?.ThresholdFor(rate)
                ?? throw new EvaluationException($"{models.Trained.Directory}: its swap head was never calibrated, so only thresholds can be asked for, not the rate {rate}.");
            yield return Collaboration(string.Create(CultureInfo.InvariantCulture, $"@{rate}"), threshold, $"calibrated for a rate of {rate.ToString(CultureInfo.InvariantCulture)}");
        }

        foreach (float threshold in options.Thresholds)
            yield return Collaboration(string.Create(CultureInfo.InvariantCulture, $"@threshold={threshold}"), threshold, "a threshold given by hand");

        IEnumerable<string> settings = options.Rates.Where(rate => rate > 0).Select(rate => string.Create(CultureInfo.InvariantCulture, $"@{rate}"))
            .Concat(options.Thresholds.Select(threshold => string.Create(CultureInfo.InvariantCulture, $"@threshold={threshold}")));
        foreach (string setting in settings)
        {
            yield return new SystemPlan(
                "random" + setting, "random", $"deferral at random at the rate that collm{setting} realised", "collm" + setting,
                rate => new DecodedSystem(
                    models, models.Trained, models.Experts, models.Head, DecodingMode.Defer, new RandomPolicy((float)rate, options.RandomSeed), options.MaxNewTokens));
        }
    }

    private SystemPlan Collaboration(string setting, float threshold, string description) => Plan(
        "collm" + setting, "collm", $"Co-LLM, {description}: threshold {threshold.ToString("0.####", CultureInfo.InvariantCulture)}",
        new DecodedSystem(models, models.Trained, models.Experts, models.Head, DecodingMode.Defer, new ThresholdPolicy(threshold), options.MaxNewTokens));

    private IEnumerable<SystemPlan> Mixtures()
    {
        foreach (LoadedModel expert in models.Experts)
        {
            yield return Plan($"more-confident:{expert.Name}", "more-confident", $"{Small.Name} or {expert.Name}, whichever is more sure of its token",
                Decoded(Small, [expert], DecodingMode.MoreConfident, Never));
            yield return Plan($"contrastive:{expert.Name}", "contrastive", $"contrastive decoding of {expert.Name} against {Small.Name}", Mixed([expert, Small], LogitMix.Contrastive));
            if (models is { Base: { } untuned, Finetuned: { } tuned })
                yield return Plan($"proxy:{expert.Name}", "proxy", $"proxy tuning: {expert.Name} + {tuned.Name} - {untuned.Name}", Mixed([expert, tuned, untuned], LogitMix.Proxy));
        }
    }

    private DecodedSystem Decoded(LoadedModel? small, IReadOnlyList<LoadedModel> experts, DecodingMode mode, DeferralPolicy policy) =>
        new(models, small, experts, head: null, mode, policy, options.MaxNewTokens);

    private MixedSystem Mixed(IReadOnlyList<LoadedModel> participants, MixRows mix) => new(models, participants, mix, options.MaxNewTokens);

    private static SystemPlan Plan(string name, string kind, string description, ISystemUnderTest system) => new(name, kind, description, null, _ => system);
}
