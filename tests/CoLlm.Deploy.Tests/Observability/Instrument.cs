namespace CoLlm.Deploy.Tests.Observability;

/// <summary>One row of the instrument table.</summary>
/// <param name="Name">OpenTelemetry's.</param>
/// <param name="Kind"><c>counter</c>, <c>gauge</c> or <c>histogram</c>.</param>
/// <param name="Unit">As UCUM writes it.</param>
/// <param name="Labels">As Prometheus spells them.</param>
/// <param name="Values">What the row's meaning quotes: values of its labels.</param>
internal sealed record Instrument(string Name, string Kind, string Unit, string[] Labels, string[] Values)
{
    /// <summary>Names under which Prometheus stores it.</summary>
    public IEnumerable<string> Series => Kind switch
    {
        "counter" => [Base + "_total"],
        "histogram" => [Base + "_bucket", Base + "_sum", Base + "_count"],
        _ => [Base],
    };

    private string Base
    {
        get
        {
            string name = Name.Replace('.', '_');
            string suffix = Unit switch { "s" => "_seconds", "By" => "_bytes", _ => "" };
            return name.EndsWith(suffix, StringComparison.Ordinal) ? name : name + suffix;
        }
    }
}
