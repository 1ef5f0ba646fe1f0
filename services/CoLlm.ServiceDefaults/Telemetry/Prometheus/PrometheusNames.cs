using System.Text;

namespace CoLlm.ServiceDefaults.Telemetry.Prometheus;

/// <summary>What OpenTelemetry's instruments and labels are called in Prometheus.</summary>
internal static class PrometheusNames
{
    private static readonly string[] ReservedSuffixes = ["_count", "_sum", "_bucket"];

    /// <summary>
    /// The family's name, without a counter's <c>_total</c>: dots become underscores and the unit is written out at the end, unless it
    /// stands there or is one that only comments (<c>{token}</c>) or says nothing (<c>1</c>).
    /// </summary>
    public static string Family(string instrument, string unit, bool isGauge)
    {
        string name = Sanitise(instrument, allowColon: true);
        if (isGauge && ReservedSuffixes.Any(suffix => name.EndsWith(suffix, StringComparison.Ordinal)))
            name = name[..name.LastIndexOf('_')] + "_number"; // Those endings belong to histograms.
        string word = Unit(unit);
        if (word.Length > 0 && !name.EndsWith("_" + word, StringComparison.Ordinal))
            name += "_" + word;
        return name;
    }

    /// <summary>A unit as Prometheus spells it; empty where the name goes without.</summary>
    public static string Unit(string unit) => unit switch
    {
        "" or "1" => "",
        "s" => "seconds",
        "ms" => "milliseconds",
        "By" => "bytes",
        _ when unit.StartsWith('{') => "",
        _ => Sanitise(unit, allowColon: false),
    };

    public static string Label(string key) => Sanitise(key, allowColon: false);

    private static string Sanitise(string name, bool allowColon)
    {
        StringBuilder valid = new(name.Length);
        foreach (char letter in name)
        {
            bool isValid = char.IsAsciiLetterOrDigit(letter) || (letter == ':' && allowColon);
            if (isValid || valid.Length == 0 || valid[^1] != '_')
                valid.Append(isValid ? letter : '_');
        }

        if (valid.Length == 0 || char.IsAsciiDigit(valid[0]))
            valid.Insert(0, '_');
        return valid.ToString();
    }
}
