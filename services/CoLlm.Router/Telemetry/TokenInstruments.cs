using System.Diagnostics.Metrics;
using CoLlm.Decoding;
using CoLlm.Decoding.Deferral;
using CoLlm.ServiceDefaults.Telemetry;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Router.Telemetry;

/// <summary>
/// Tokens, and the decisions about them. What is recorded for every token takes labels that were made beforehand and allocates
/// nothing. Safe to use from any thread.
/// </summary>
internal sealed class TokenInstruments
{
    private readonly string _modelName;
    private readonly Tag _model;
    private readonly Counter<long> _tokens;
    private readonly Counter<long> _contested;
    private readonly Counter<long> _decisions;
    private readonly Counter<long> _agreements;
    private readonly Histogram<double> _probability;
    private readonly Histogram<long> _position;
    private readonly Histogram<double> _rate;
    private readonly Histogram<double> _threshold;
    private readonly Histogram<long> _callsPerAnswer;
    private readonly Tag[][] _reasons;

    public TokenInstruments(Meter meter, string modelName)
    {
        _modelName = modelName;
        _model = new Tag("model", modelName);
        _tokens = meter.CreateCounter<long>("collm.tokens", "{token}", "Tokens of answers by who wrote them.");
        _contested = meter.CreateCounter<long>("collm.tokens.contested", "{token}", "Tokens marked as places to double-check.");
        _decisions = meter.CreateCounter<long>("collm.decisions", "{token}", "Deferral decisions by reason.");
        _agreements = meter.CreateCounter<long>("collm.expert.agreements", "{token}", "Deferred tokens by whether the base's first choice was the expert's token.");
        _probability = meter.CreateHistogram("collm.deferral.probability", "1", "Deferral probability of each token.", tags: null, InstrumentBuckets.Shares);
        _position = meter.CreateHistogram("collm.deferral.position", "{token}", "Index in the answer of each deferred token.", tags: null, InstrumentBuckets.Counts);
        _rate = meter.CreateHistogram("collm.deferral.rate", "1", "Realised share of expert tokens of each answer.", tags: null, InstrumentBuckets.Shares);
        _threshold = meter.CreateHistogram("collm.deferral.threshold", "1", "Threshold in force for each answer.", tags: null, InstrumentBuckets.Shares);
        _callsPerAnswer = meter.CreateHistogram("collm.expert.calls_per_answer", "{call}", "Questions to experts for each answer.", tags: null, InstrumentBuckets.Counts);
        _tokens.Add(0, TagsOfBase("fallback").Written); // The first fallbacks are an increase that an alert must see.
        _reasons = [.. Enum.GetValues<DeferralReason>().Select(reason => new[] { _model, new Tag("reason", LabelNames<DeferralReason>.Of(reason)) })];
    }

    /// <summary>The labels of tokens that one expert has to do with.</summary>
    public TokenTags TagsOf(string expert) => new(
        Written: [_model, new Tag("writer", expert), new Tag("origin", "expert")],
        Contested: [_model, new Tag("expert", expert)],
        Agreed: [new Tag("expert", expert), new Tag("agreed", "true")],
        Disagreed: [new Tag("expert", expert), new Tag("agreed", "false")]);

    /// <summary>The labels of tokens that no expert wrote, by their origin.</summary>
    public TokenTags TagsOfBase(string origin) => TagsOf("none") with { Written = [_model, new Tag("writer", _modelName), new Tag("origin", origin)] };

    /// <summary>Records one token.</summary>
    /// <param name="token">The token.</param>
    /// <param name="index">Its index in the answer.</param>
    /// <param name="tags">The labels of its author.</param>
    public void Record(in TokenEvent token, int index, TokenTags tags)
    {
        _tokens.Add(1, tags.Written);
        _decisions.Add(1, _reasons[(int)token.Reason]);
        if (token.DeferralProbability is { } probability)
            _probability.Record(probability, _model);
        if (token.IsContested)
            _contested.Add(1, tags.Contested);
        if (token.Origin == TokenOrigin.Expert || token.IsFallback)
            _position.Record(index, _model);
        if (token.AgreesWithBase is { } agrees)
            _agreements.Add(1, agrees ? tags.Agreed : tags.Disagreed);
    }

    /// <summary>Records what is known once an answer has ended.</summary>
    public void RecordAnswer(DecodingMode mode, DecodingSummary summary, float? threshold)
    {
        _rate.Record(summary.RealisedDeferralRate, _model, new Tag("mode", LabelNames<DecodingMode>.Of(mode)));
        _callsPerAnswer.Record(summary.Experts.Sum(expert => expert.CallCount), _model);
        if (threshold is { } value)
            _threshold.Record(value, _model);
    }
}

/// <summary>Labels of the tokens of one author.</summary>
/// <param name="Written">Of the token itself.</param>
/// <param name="Contested">Of a token to double-check.</param>
/// <param name="Agreed">Of a deferred token that the base would have written too.</param>
/// <param name="Disagreed">Of one that it would not.</param>
internal sealed record TokenTags(Tag[] Written, Tag[] Contested, Tag[] Agreed, Tag[] Disagreed);
