namespace CoLlm.Evaluation.Tasks;

/// <summary>How an extracted answer is compared with what is accepted.</summary>
public enum MetricKind
{
    /// <summary>Equal to an accepted text, apart from case, white space and marks at the ends.</summary>
    ExactMatch,

    /// <summary>The same number, to the last digit.</summary>
    Numeric,

    /// <summary>The same mathematical expression, as far as spelling goes, or the same number.</summary>
    Mathematics,

    /// <summary>The harmonic mean of precision and recall over the elements of a list.</summary>
    ListF1,

    /// <summary>ROUGE-1, F measure.</summary>
    Rouge1,

    /// <summary>ROUGE-2, F measure.</summary>
    Rouge2,

    /// <summary>ROUGE-L, F measure.</summary>
    RougeL,

    /// <summary>ROUGE-SU4, F measure.</summary>
    RougeSu4,
}

/// <summary>The names that files use.</summary>
internal static class MetricNames
{
    private static readonly Dictionary<string, MetricKind> ByName = new(StringComparer.Ordinal)
    {
        ["exact_match"] = MetricKind.ExactMatch,
        ["numeric"] = MetricKind.Numeric,
        ["mathematics"] = MetricKind.Mathematics,
        ["list_f1"] = MetricKind.ListF1,
        ["rouge_1"] = MetricKind.Rouge1,
        ["rouge_2"] = MetricKind.Rouge2,
        ["rouge_l"] = MetricKind.RougeL,
        ["rouge_su4"] = MetricKind.RougeSu4,
    };

    public static IEnumerable<string> All => ByName.Keys;

    public static MetricKind? Parse(string name) => ByName.TryGetValue(name, out MetricKind kind) ? kind : null;

    public static string Of(MetricKind kind) => ByName.First(entry => entry.Value == kind).Key;
}
