using System.Collections.Frozen;
using System.Globalization;
using Microsoft.Extensions.Configuration;

namespace CoLlm.ServiceDefaults.Telemetry.Variables;

/// <summary>
/// OpenTelemetry's environment variables that are honoured here. The SDK ignores some wrong values without a word and ends the process
/// for others; here every one of them is a sentence, and the variable counts as not set, as the specification wants it.
/// </summary>
internal static class TelemetryVariables
{
    public const string Prefix = "OTEL_";

    /// <summary>Of the SDK alone, experimental, and left to it.</summary>
    private const string SdkPrefix = "OTEL_DOTNET_";

    /// <summary>Room of a queue is taken at once.</summary>
    private const int MostQueued = 1_000_000;

    private const int DefaultQueued = 2048;
    private const int DefaultBatch = 512;

    /// <summary>The two queues of the exporters: for spans, and for log records.</summary>
    private static readonly string[] QueueNames = ["OTEL_BSP", "OTEL_BLRP"];

    /// <summary>The word between the parts of a variable's name where it speaks of one signal.</summary>
    public static IReadOnlyList<string> Signals { get; } = ["TRACES", "METRICS", "LOGS"];

    /// <summary>Name and value of each.</summary>
    public static FrozenDictionary<string, VariableValue> All { get; } =
        Common().Concat(Export()).Concat(Queues()).Concat(Limits()).ToFrozenDictionary(StringComparer.Ordinal);

    /// <summary>Takes away what cannot be honoured.</summary>
    /// <param name="configuration">Holds the environment variables; those with a wrong value are unset.</param>
    /// <returns>A sentence for each, and one that names the variables nobody here reads.</returns>
    public static IReadOnlyList<string> Settle(IConfiguration configuration)
    {
        List<string> problems = [];
        foreach ((string name, VariableValue value) in All.OrderBy(variable => variable.Key, StringComparer.Ordinal))
        {
            if (configuration[name] is not { } said || string.IsNullOrWhiteSpace(said) || value.Accepts(said))
                continue;
            configuration[name] = null;
            problems.Add($"{name} must be {value.Expected}{(value.IsSecret ? "" : $", not '{said}'")}; it counts as not set.");
        }

        problems.AddRange(QueueNames.SelectMany(queue => SettleQueue(configuration, queue)));
        string[] unknown = [.. configuration.GetChildren().Select(child => child.Key).Where(IsUnknown).Order(StringComparer.Ordinal)];
        if (unknown.Length > 0)
            problems.Add($"Nobody here reads {string.Join(", ", unknown)}.");
        return problems;
    }

    private static bool IsUnknown(string name) =>
        name.StartsWith(Prefix, StringComparison.Ordinal) && !name.StartsWith(SdkPrefix, StringComparison.Ordinal) && !All.ContainsKey(name);

    /// <summary>A batch never comes together where it is larger than its queue.</summary>
    private static IEnumerable<string> SettleQueue(IConfiguration configuration, string queue)
    {
        string size = queue + "_MAX_QUEUE_SIZE", batch = queue + "_MAX_EXPORT_BATCH_SIZE";
        (int queued, int together) = (Read(configuration, size, DefaultQueued), Read(configuration, batch, DefaultBatch));
        if (together <= queued)
            yield break;
        configuration[size] = configuration[batch] = null;
        yield return $"{batch} is {together} and must not be more than {size}, which is {queued}; both count as not set.";
    }

    private static int Read(IConfiguration configuration, string name, int standard) =>
        configuration[name] is { } said && !string.IsNullOrWhiteSpace(said) ? int.Parse(said, CultureInfo.InvariantCulture) : standard;

    private static IEnumerable<KeyValuePair<string, VariableValue>> Common() =>
    [
        new("OTEL_SDK_DISABLED", VariableValue.Flag),
        new("OTEL_SERVICE_NAME", VariableValue.Text),
        new("OTEL_RESOURCE_ATTRIBUTES", VariableValue.Attributes),
        new("OTEL_TRACES_SAMPLER", VariableValue.OneOf(
            "always_on", "always_off", "traceidratio", "parentbased_always_on", "parentbased_always_off", "parentbased_traceidratio")),
        new("OTEL_TRACES_SAMPLER_ARG", VariableValue.Share),
        new("OTEL_METRICS_EXEMPLAR_FILTER", VariableValue.OneOf("trace_based", "always_on", "always_off")),
        new("OTEL_METRIC_EXPORT_INTERVAL", VariableValue.Number(1)),
        new("OTEL_METRIC_EXPORT_TIMEOUT", VariableValue.Number(0)),
        new("OTEL_TRACES_EXPORTER", VariableValue.OneOf("otlp", "none")),
        new("OTEL_METRICS_EXPORTER", VariableValue.SomeOf("otlp", "prometheus", "none")),
        new("OTEL_LOGS_EXPORTER", VariableValue.OneOf("otlp", "none")),
    ];

    private static IEnumerable<KeyValuePair<string, VariableValue>> Export()
    {
        foreach (string signal in Signals.Select(signal => signal + "_").Prepend(""))
        {
            string prefix = "OTEL_EXPORTER_OTLP_" + signal;
            yield return new(prefix + "ENDPOINT", VariableValue.Url);
            yield return new(prefix + "PROTOCOL", VariableValue.OneOf("grpc", "http/protobuf"));
            yield return new(prefix + "HEADERS", VariableValue.Headers);
            yield return new(prefix + "TIMEOUT", VariableValue.Number(1));
            yield return new(prefix + "COMPRESSION", VariableValue.OneOf("none", "gzip"));
        }

        yield return new("OTEL_EXPORTER_OTLP_CERTIFICATE", VariableValue.ExistingFile);
        yield return new("OTEL_EXPORTER_OTLP_CLIENT_CERTIFICATE", VariableValue.ExistingFile);
        yield return new("OTEL_EXPORTER_OTLP_CLIENT_KEY", VariableValue.ExistingFile);
        yield return new("OTEL_EXPORTER_OTLP_METRICS_TEMPORALITY_PREFERENCE", VariableValue.OneOf("cumulative", "delta", "lowmemory"));
    }

    private static IEnumerable<KeyValuePair<string, VariableValue>> Queues()
    {
        foreach (string queue in QueueNames)
        {
            yield return new(queue + "_SCHEDULE_DELAY", VariableValue.Number(1));
            yield return new(queue + "_EXPORT_TIMEOUT", VariableValue.Number(0));
            yield return new(queue + "_MAX_QUEUE_SIZE", VariableValue.Number(1, MostQueued));
            yield return new(queue + "_MAX_EXPORT_BATCH_SIZE", VariableValue.Number(1, MostQueued));
        }
    }

    private static IEnumerable<KeyValuePair<string, VariableValue>> Limits() =>
        from what in (string[])
            ["ATTRIBUTE_VALUE_LENGTH", "ATTRIBUTE_COUNT", "SPAN_ATTRIBUTE_VALUE_LENGTH", "SPAN_ATTRIBUTE_COUNT", "SPAN_EVENT_COUNT", "SPAN_LINK_COUNT",
                "EVENT_ATTRIBUTE_COUNT", "LINK_ATTRIBUTE_COUNT", "LOGRECORD_ATTRIBUTE_VALUE_LENGTH", "LOGRECORD_ATTRIBUTE_COUNT"]
        select KeyValuePair.Create($"OTEL_{what}_LIMIT", VariableValue.Number(0));
}
