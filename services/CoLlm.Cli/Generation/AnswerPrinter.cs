using System.Globalization;
using CoLlm.Protocol.V1;
using Spectre.Console;

namespace CoLlm.Cli.Generation;

/// <summary>
/// Shows an answer to a person: the base's tokens plain, each expert's in a colour of its own, contested ones underlined, and a
/// line that sums it up.
/// </summary>
internal sealed class AnswerPrinter(IAnsiConsole console, AnswerLayout layout)
{
    private readonly AnswerLines _lines = new(console, layout);
    private Started _started = new();

    public void Print(GenerateResponse response)
    {
        switch (response.EventCase)
        {
            case GenerateResponse.EventOneofCase.Started:
                _started = response.Started;
                break;
            case GenerateResponse.EventOneofCase.Token:
                _lines.Write(response.Token.Text, TokenInk.Of(response.Token));
                break;
            case GenerateResponse.EventOneofCase.Summary:
                _lines.End();
                console.Write(new Text(Describe(response.Summary), new Style(decoration: Decoration.Dim)));
                console.WriteLine();
                break;
        }
    }

    private string Describe(Summary summary)
    {
        List<string> parts =
        [
            $"{summary.TokenCount} tokens",
            .. summary.BaseTokenCount > 0 ? [$"{summary.BaseTokenCount} by the base"] : Array.Empty<string>(),
            .. summary.ComposedTokenCount > 0 ? [$"{summary.ComposedTokenCount} composed"] : Array.Empty<string>(),
            .. summary.Experts.Select((expert, i) => Describe(expert, i)),
            .. summary.ContestedTokenCount > 0 ? [$"{summary.ContestedTokenCount} to double-check{ContestedHint}"] : Array.Empty<string>(),
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

    private string ContestedHint => layout.Marks switch
    {
        AnswerMarks.Colors => " (underlined)",
        AnswerMarks.Rows => $" (marked {TokenInk.ContestedMark})",
        _ => "",
    };

    private string Describe(ExpertUsage expert, int index) => Invariant(
        $"{expert.TokenCount} by {expert.Name}{Number(index)} ({expert.CallCount} calls, {expert.PassCount} passes, {expert.BytesUp + expert.BytesDown} bytes)");

    private string Number(int expertIndex) => layout.Marks == AnswerMarks.Rows ? $" (marked {TokenInk.OfExpert(expertIndex).ToAuthorMark()})" : "";

    private static string Invariant(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
