using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.ChatTemplates;

public sealed class ChatTemplateBoundTests
{
    private static readonly TemplateLimits Small =
        new() { MaxOutputLength = 10_000, MaxIterations = 1000, MaxCallDepth = 20, MaxWork = 1_000_000 };

    [Theory]
    [InlineData("{% for i in range(40) %}{% for j in range(40) %}{% endfor %}{% endfor %}", "1000 times")]
    [InlineData("{% for i in range(100000) %}{% endfor %}", "bound of 10000")]
    [InlineData("{{ range(9223372036854775807) }}", "bound of 10000")]
    [InlineData("{% macro m() %}{{ m() }}{% endmacro %}{{ m() }}", "bound of 20")]
    [InlineData("{{ 'x' * 1000000000 }}", "bound of 10000")]
    [InlineData("{{ [1] * 9223372036854775807 }}", "bound of 10000")]
    [InlineData("{% set ns = namespace(s='x') %}{% for i in range(60) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}", "bound of 10000")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s }}", "bound of 10000")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s == [ns.s] }}{% set a = ns.s + [] %}{{ a == ns.s }}", "bound of 1000000")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(400) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | tojson }}", "bound of 300")]
    [InlineData("{{ 'a'.replace('', 'xxxxxxxxxx' * 900) }}", "bound of 10000")]
    [InlineData("{{ [[1]] | tojson(indent=5000) }}", "bound of 10000")]
    [InlineData("{{ 'a' | indent(20000) }}", "bound of 10000")]
    [InlineData("{{ ('a ' * 4000) | wordwrap(1, wrapstring='xxxx') }}", "bound of 10000")]
    [InlineData("{{ ('<' * 4000) | e }}", "bound of 10000")]
    [InlineData("{{ ('ab.com ' * 1000) | urlize }}", "bound of 10000")]
    [InlineData("{{ 'x:' | urlize(extra_schemes=['x:', '<a'] + ['<a'] * 60) }}", "is not a valid URI scheme")]
    [InlineData("{{ 'xx:y' | urlize(extra_schemes=['xx:'] * 3000) }}{% for i in range(900) %}{{ ('<a>' * 3000) | striptags }}{% endfor %}", "bound of 1000000")]
    [InlineData("{{ {'k': '<' * 3000} | xmlattr }}", "bound of 10000")]
    [InlineData("{% set ns = namespace(s=[1]) %}{% for i in range(60) %}{% set ns.s = [ns.s, ns.s] %}{% endfor %}{{ ns.s | pprint }}", "bound of 10000")]
    [InlineData("{% set ns = namespace(s=['a b'] * 20) %}{% for i in range(290) %}{% set ns.s = [ns.s] %}{% endfor %}{{ ns.s | pprint }}{{ ns.s | pprint }}{{ ns.s | pprint }}", "bound of 1000")]
    [InlineData("{% for i in range(999) %}{% set x = ('&' * 3000) | striptags %}{% endfor %}", "bound of 1000000")]
    [InlineData("{% set m = ('a,' * 200) | safe %}{% for i in range(900) %}{% set x = m.split(',') %}{% endfor %}", "count as HTML are longer together than the bound of 10000")]
    [InlineData("{{ [1, 2] | random }}", "a template must give the same text every time")]
    [InlineData("{{ lipsum() }}", "a template must give the same text every time")]
    [InlineData("{{ 2 ** 100 }}", "64 bits")]
    [InlineData("{{ 9223372036854775807 + 1 }}", "64 bits")]
    public void Render_BeyondABound_RefusesAndNamesIt(string source, string expected)
    {
        ChatTemplate template = ChatTemplate.Parse("hostile", source, Small);

        var exception = Assert.Throws<ChatTemplateException>(() => template.Render(new Dictionary<string, object?>()));

        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
        Assert.StartsWith("hostile: line 1: ", exception.Message, StringComparison.Ordinal);
        Assert.False(exception.IsRaisedByTemplate);
    }

    [Theory]
    [InlineData("a\n{% if x %}", 2, "'if' is not closed")]
    [InlineData("{% for x y %}{% endfor %}", 1, "expected 'in'")]
    [InlineData("\n\n{{ a + }}", 3, "expected an expression")]
    [InlineData("{{ 'abc }}", 1, "a string is not closed")]
    [InlineData("{{ a", 1, "a tag is not closed")]
    [InlineData("{# a", 1, "a comment is not closed")]
    [InlineData("{% raw %} a", 1, "a raw block is not closed")]
    [InlineData("{% endif %}", 1, "'endif'")]
    [InlineData("{% break %}", 1, "outside a loop")]
    [InlineData("{% include 'x' %}", 1, "'include'")]
    [InlineData("{{ a ! b }}", 1, "'!'")]
    [InlineData("{{ (a] }}", 1, "']'")]
    [InlineData("{% set 1 = 2 %}", 1, "a name to assign to")]
    public void Parse_MalformedTemplate_NamesTheLine(string source, int line, string expected)
    {
        var exception = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("broken", source));

        Assert.Equal(line, exception.Line);
        Assert.StartsWith($"broken: line {line}: ", exception.Message, StringComparison.Ordinal);
        Assert.Contains(expected, exception.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("(", ")")]
    [InlineData("[", "]")]
    [InlineData("not ", "")]
    [InlineData("-", "")]
    public void Parse_DeepNesting_IsRefusedNotFatal(string open, string close)
    {
        string deep = string.Concat(Enumerable.Repeat(open, 50_000)) + "1" + string.Concat(Enumerable.Repeat(close, 50_000));

        var exception = Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("deep", "{{ " + deep + " }}"));

        Assert.Contains("bound of 200", exception.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void Render_LongChainsOfOperators_AreEvaluatedOrRefused()
    {
        string chain = string.Join(" + ", Enumerable.Repeat("1", 100_000));
        ChatTemplate template = ChatTemplate.Parse("chain", "{{ " + chain + " }}");

        string? text = null;
        Exception? exception = Record.Exception(() => text = template.Render(new Dictionary<string, object?>()));

        Assert.True(text == "100000" || exception is ChatTemplateException);
    }

    [Fact]
    public void Render_StrftimeNow_UsesTheGivenClock()
    {
        ChatTemplate template = ChatTemplate.Parse("clock", "{{ strftime_now('%d %B %Y, %-d %b %H:%M %j') }}", time: new FixedClock());

        Assert.Equal("05 March 2024, 5 Mar 09:07 065", template.Render(new Dictionary<string, object?>()));
    }

    [Fact]
    public void Render_VariablesOfCSharp_AreTheSameAsOfJson()
    {
        ChatTemplate template = ChatTemplate.Parse("values", "{{ a | tojson }} {{ b }} {{ c }}");
        using JsonDocument json = JsonDocument.Parse("""{"a": {"x": [1, 2.0, null, true]}, "b": 1.0, "c": 3}""");
        var variables = new Dictionary<string, object?>
        {
            ["a"] = new Dictionary<string, object?> { ["x"] = new object?[] { 1, 2.0, null, true } },
            ["b"] = 1.0,
            ["c"] = 3,
        };

        Assert.Equal("{\"x\": [1, 2.0, null, true]} 1.0 3", template.Render(variables));
        Assert.Equal(template.Render(json.RootElement), template.Render(variables));
    }

    [Fact]
    public void Render_HalvesOfSurrogatePairs_AreReplaced()
    {
        ChatTemplate template = ChatTemplate.Parse("halves", "{{ 'a\ud83d'[1] }}{{ v[-1] }}{{ v.find('b') }}{{ d|list|first }}");
        var variables = new Dictionary<string, object?>
        {
            ["v"] = "\udc00b\ud83d",
            ["d"] = new Dictionary<string, object?> { ["\ud83d"] = 1 },
        };

        Assert.Equal("\ufffd\ufffd1\ufffd", template.Render(variables));
    }

    [Fact]
    public void Parse_MutatedTemplates_OnlyThrowTheTypedException()
    {
        string[] sources = [.. Directory.GetFiles(RepositoryPaths.Golden("chat_templates"), "*.jinja").Select(File.ReadAllText)];
        var random = new Random(20240917);
        using JsonDocument variables = JsonDocument.Parse("""{"messages": [{"role": "user", "content": "hi"}], "bos_token": "<s>", "eos_token": "</s>"}""");
        for (int round = 0; round < 3000; round++)
        {
            char[] source = sources[round % sources.Length].ToCharArray();
            for (int change = 0; change <= round % 5; change++)
                source[random.Next(source.Length)] = source[random.Next(source.Length)];
            string mutated = new string(source)[..random.Next(source.Length / 2, source.Length)];
            try
            {
                ChatTemplate.Parse("mutated", mutated, Small).Render(variables.RootElement);
            }
            catch (ChatTemplateException exception)
            {
                Assert.NotEmpty(exception.Message);
            }
        }
    }

    private sealed class FixedClock : TimeProvider
    {
        public override TimeZoneInfo LocalTimeZone => TimeZoneInfo.Utc;

        public override DateTimeOffset GetUtcNow() => new(2024, 3, 5, 9, 7, 1, TimeSpan.Zero);
    }
}
