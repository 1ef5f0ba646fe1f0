using System.Globalization;
using CoLlm.Protocol.V1;
using Spectre.Console;

namespace CoLlm.Cli.Generation;

/// <summary>
/// Shows an answer to a person: the base's tokens plain, each expert's in a colour of its own, contested ones underlined, and a
/// line that sums it up.
/// </summary>
internal sealed class AnswerPrinter(IAnsiConsole console)
{
    private static readonly Color[] ExpertColors = [Color.Green, Color.Aqua, Color.Fuchsia, Color.Yellow, Color.Blue, Color.Orange1];

    private Started _started = new();

    public void Print(GenerateResponse response)
    {
        switch (response.EventCase)
        {
            case GenerateResponse.EventOneofCase.Started:
                _started = response.Started;
                break;
            case GenerateResponse.EventOneofCase.Token:
                console.Write(new Text(response.Token.Text, StyleOf(response.Token)));
                break;
            case GenerateResponse.EventOneofCase.Summary:
                console.WriteLine();
                console.Write(new Text(Describe(response.Summary), new Style(decoration: Decoration.Dim)));
                console.WriteLine();
                break;
        }
    }

    private static Style StyleOf(TokenEvent token)
    {
        Color? color = token.Origin switch
        {
            Origin.Expert => ExpertColors[token.ExpertIndex % ExpertColors.Length],
            Origin.Composed => Color.Purple,
            _ when token.IsFallback => Color.Red,
            _ => null,
        };
        return new Style(color, decoration: token.IsContested ? Decoration.Underline : Decoration.None);
    }

    private string Describe(Summary summary)
    {
        List<string> parts =
        [
            $"{summary.TokenCount} tokens",
            .. summary.BaseTokenCount > 0 ? [$"{summary.BaseTokenCount} by the base"] : Array.Empty<string>(),
            .. summary.ComposedTokenCount > 0 ? [$"{summary.ComposedTokenCount} composed"] : Array.Empty<string>(),
            .. summary.Experts.Select(Describe),
            .. summary.ContestedTokenCount > 0 ? [$"{summary.ContestedTokenCount} to double-check (underlined)"] : Array.Empty<string>(),
            .. summary.FallbackTokenCount > 0 ? [$"{summary.FallbackTokenCount} by the base in an expert's place"] : Array.Empty<string>(),
            Invariant($"{summary.Times.TotalUs / 1e6:0.00} s, first token after {summary.Times.TimeToFirstTokenUs / 1e6:0.00} s"),
            $"ended by {summary.FinishReason}",
        ];
        if (_started.HasThreshold)
            parts.Insert(parts.Count - 2, Invariant($"threshold {_started.Threshold:0.###}"));
        if (summary.Failure is { } failure)
            parts.Add(failure.Message);
        return string.Join(" · ", parts);
    }

    private static string Describe(ExpertUsage expert) => Invariant(
        $"{expert.TokenCount} by {expert.Name} ({expert.CallCount} calls, {expert.PassCount} passes, {expert.BytesUp + expert.BytesDown} bytes)");

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
