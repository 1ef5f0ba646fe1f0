using System.Globalization;

namespace CoLlm.ServiceDefaults.Telemetry.Variables;

/// <summary>What an environment variable may say.</summary>
/// <param name="Expected">Completes the sentence that begins with "must be".</param>
/// <param name="Accepts">Whether a value, which is never blank, says that.</param>
internal sealed record VariableValue(string Expected, Func<string, bool> Accepts)
{
    public static VariableValue Text { get; } = new("text", _ => true);

    public static VariableValue Flag { get; } = new("true or false", value => bool.TryParse(value, out _));

    public static VariableValue Share { get; } = new("a number from 0 to 1", value =>
        double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out double share) && share is >= 0 and <= 1);

    public static VariableValue Url { get; } = new("a URL that begins with http:// or https://", value =>
        Uri.TryCreate(value, UriKind.Absolute, out Uri? url) && (url.Scheme == Uri.UriSchemeHttp || url.Scheme == Uri.UriSchemeHttps));

    public static VariableValue ExistingFile { get; } = new("the path of a file", File.Exists);

    /// <summary>Pairs of a header's name and value; its values are secrets, so no sentence repeats them.</summary>
    public static VariableValue Headers { get; } =
        new("pairs such as name=value between commas, percent-encoded", value => PairsOf(Uri.UnescapeDataString(value)).All(IsHeader)) { IsSecret = true };

    public static VariableValue Attributes { get; } = new("pairs such as key=value between commas, percent-encoded", value => PairsOf(value).All(IsPair));

    /// <summary>Whether the value must not be shown.</summary>
    public bool IsSecret { get; private init; }

    /// <summary>One of these words, in any case.</summary>
    public static VariableValue OneOf(params string[] words) =>
        new(string.Join(" or ", words), value => words.Contains(value, StringComparer.OrdinalIgnoreCase));

    /// <summary>Some of these words between commas, in any case.</summary>
    public static VariableValue SomeOf(params string[] words) => new(
        string.Join(" or ", words), value => value.Split(',', StringSplitOptions.TrimEntries).All(word => words.Contains(word, StringComparer.OrdinalIgnoreCase)));

    /// <summary>A whole number between two bounds, which are part of it.</summary>
    public static VariableValue Number(int least, int most = int.MaxValue) => new($"a whole number from {least} to {most}", value =>
        int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number >= least && number <= most);

    /// <summary>A comma may stand at the end.</summary>
    private static string[] PairsOf(string value) => (value.EndsWith(',') ? value[..^1] : value).Split(',');

    private static bool IsPair(string pair) => pair.Trim().IndexOf('=', StringComparison.Ordinal) > 0;

    private static bool IsHeader(string pair) =>
        IsPair(pair) && pair[..pair.IndexOf('=', StringComparison.Ordinal)].Trim().All(IsOfHeaderName) && !pair.Any(char.IsControl);

    private static bool IsOfHeaderName(char character) => char.IsAsciiLetterOrDigit(character) || "!#$%&'*+-.^_`|~".Contains(character, StringComparison.Ordinal);
}
