using System.Text.RegularExpressions;

namespace CoLlm.Testing.Observability;

/// <summary>Finds what a PromQL expression refers to; whether it is well-formed is for Prometheus to say.</summary>
public sealed partial class PromExpression
{
    private static readonly string[] Grouping = ["by", "without", "on", "ignoring", "group_left", "group_right"];
    private static readonly string[] Operators = ["and", "or", "unless", "bool", "offset", "inf", "nan"];

    private readonly string[] _tokens;
    private readonly List<MetricSelector> _selectors = [];
    private readonly List<string> _groupingLabels = [];
    private int _next;

    /// <param name="text">Without variables of a dashboard.</param>
    public PromExpression(string text)
    {
        Text = text;
        _tokens = [.. Token().Matches(text).Select(match => match.Value)];
        while (_next < _tokens.Length)
            Read(_tokens[_next++]);
    }

    public string Text { get; }

    /// <summary>In the order of the text.</summary>
    public IReadOnlyList<MetricSelector> Selectors => _selectors;

    /// <summary>Labels after <c>by</c>, <c>on</c> and their like.</summary>
    public IReadOnlyList<string> GroupingLabels => _groupingLabels;

    private string Following => _next < _tokens.Length ? _tokens[_next] : "";

    private void Read(string token)
    {
        if (!Name().IsMatch(token) || Operators.Contains(token))
            return;
        if (Grouping.Contains(token))
            ReadGrouping();
        else if (Following != "(" && !Grouping.Contains(Following))
            _selectors.Add(new MetricSelector(token, ReadMatchers()));
    }

    private void ReadGrouping()
    {
        if (Following != "(")
            return;
        for (_next++; Following is not ")" and not ""; _next++)
        {
            if (Following != ",")
                _groupingLabels.Add(Following);
        }
    }

    private List<LabelMatcher> ReadMatchers()
    {
        List<LabelMatcher> matchers = [];
        if (Following != "{")
            return matchers;
        for (_next++; Following is not "}" and not ""; _next++)
        {
            if (Following == ",")
                continue;
            string label = _tokens[_next], comparison = _tokens[_next + 1], value = _tokens[_next + 2];
            matchers.Add(new LabelMatcher(label, comparison, value[1..^1]));
            _next += 2;
        }

        return matchers;
    }

    [GeneratedRegex("""
        "(?:[^"\\]|\\.)*"|[a-zA-Z_:][a-zA-Z0-9_:]*|[0-9][0-9a-zA-Z.]*|=~|!~|!=|>=|<=|==|\S
        """, RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Token();

    [GeneratedRegex("^[a-zA-Z_:]")]
    private static partial Regex Name();
}
