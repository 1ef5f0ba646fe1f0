using System.Diagnostics.Metrics;
using CoLlm.Decoding;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Telemetry;
using FinishReason = CoLlm.Decoding.FinishReason;
using Tag = System.Collections.Generic.KeyValuePair<string, object?>;

namespace CoLlm.Router.Telemetry;

/// <summary>Requests and answers as a whole. Safe to use from any thread.</summary>
internal sealed class RequestInstruments
{
    /// <summary>What the label says where no <see cref="FinishReason"/> was reached because the client left.</summary>
    public const string Cancelled = "cancelled";

    private readonly Tag _model;
    private readonly Counter<long> _refused;
    private readonly Counter<long> _answers;
    private readonly Histogram<double> _duration;
    private readonly Histogram<double> _firstToken;
    private readonly Histogram<double> _stage;
    private readonly Histogram<double> _serverDuration;
    private readonly Histogram<double> _serverFirstToken;
    private readonly Histogram<double> _serverTimePerToken;
    private int _activeCount;
    private int _queuedCount;

    public RequestInstruments(Meter meter, string modelName)
    {
        _model = new Tag("model", modelName);
        meter.CreateObservableGauge("collm.requests.active", () => new Measurement<long>(_activeCount, _model), "{request}", "Answers being written.");
        meter.CreateObservableGauge("collm.requests.queued", () => new Measurement<long>(_queuedCount, _model), "{request}", "Requests that wait for admission.");
        _refused = meter.CreateCounter<long>("collm.requests.refused", "{request}", "Requests refused before a token was written.");
        _answers = meter.CreateCounter<long>("collm.answers", "{answer}", "Answers ended.");
        _duration = Seconds(meter, "collm.answer.duration", "Arrival to last token.");
        _firstToken = Seconds(meter, "collm.answer.first_token", "Arrival to first token.");
        _stage = Seconds(meter, "collm.stage.duration", "Part of an answer's time that was spent in a stage.");
        _serverDuration = Seconds(meter, SemanticConventions.GenAiServerRequestDuration, "Arrival to last token, as the conventions for generative AI name it.");
        _serverFirstToken = Seconds(meter, SemanticConventions.GenAiServerTimeToFirstToken, "Arrival to first token, as the conventions for generative AI name it.");
        _serverTimePerToken = Seconds(meter, SemanticConventions.GenAiServerTimePerOutputToken, "Mean time for each token after the first.");
    }

    /// <summary>A request waits to be let in, until the result says that it was, or is disposed.</summary>
    public Presence Enter()
    {
        Interlocked.Increment(ref _queuedCount);
        return new Presence(this);
    }

    public void CountRefusal(FailureReason reason) => _refused.Add(1, _model, new Tag("reason", reason.Name()));

    public void CountAnswer(DecodingMode mode, string finishReason) =>
        _answers.Add(1, _model, new Tag("mode", LabelNames<DecodingMode>.Of(mode)), new Tag("finish_reason", finishReason));

    /// <summary>Records how long an answer took that ended for a reason of its own.</summary>
    /// <param name="mode">How it was written.</param>
    /// <param name="operation">What the conventions call such a request.</param>
    /// <param name="error">Null for an answer that ended well.</param>
    /// <param name="times">How long.</param>
    /// <param name="tokenCount">How many tokens.</param>
    public void RecordDurations(DecodingMode mode, string operation, string? error, in AnswerTimes times, int tokenCount)
    {
        var modeTag = new Tag("mode", LabelNames<DecodingMode>.Of(mode));
        _duration.Record(times.Total.TotalSeconds, _model, modeTag);
        var conventional = new System.Diagnostics.TagList
        {
            { SemanticConventions.GenAiOperationName, operation },
            { SemanticConventions.GenAiProviderName, SemanticConventions.Provider },
            { SemanticConventions.GenAiRequestModel, _model.Value },
        };
        if (tokenCount > 0)
        {
            _firstToken.Record(times.ToFirstToken.TotalSeconds, _model, modeTag);
            _serverFirstToken.Record(times.ToFirstToken.TotalSeconds, conventional);
        }

        if (tokenCount > 1)
            _serverTimePerToken.Record((times.Total - times.ToFirstToken).TotalSeconds / (tokenCount - 1), conventional);
        if (error is not null)
            conventional.Add(SemanticConventions.ErrorType, error);
        _serverDuration.Record(times.Total.TotalSeconds, conventional);
    }

    public void RecordStage(string stage, TimeSpan time) => _stage.Record(time.TotalSeconds, _model, new Tag("stage", stage));

    private static Histogram<double> Seconds(Meter meter, string name, string description) =>
        meter.CreateHistogram(name, "s", description, tags: null, InstrumentBuckets.Seconds);

    /// <summary>One request's share of the gauges, for one caller.</summary>
    internal sealed class Presence(RequestInstruments owner) : IDisposable
    {
        private bool _isActive;

        /// <summary>It waits no longer; its answer is being written.</summary>
        public void Admitted()
        {
            _isActive = true;
            Interlocked.Decrement(ref owner._queuedCount);
            Interlocked.Increment(ref owner._activeCount);
        }

        public void Dispose() => Interlocked.Decrement(ref _isActive ? ref owner._activeCount : ref owner._queuedCount);
    }
}

/// <summary>How long an answer took, from the arrival of its request.</summary>
internal readonly record struct AnswerTimes(TimeSpan Total, TimeSpan ToFirstToken);
