using System.Globalization;
using CoLlm.Cli.Generation;
using CoLlm.Cli.Models;
using CoLlm.Cli.Serving;
using CoLlm.Protocol.V1;
using Spectre.Console;

namespace CoLlm.Cli.Demo;

/// <summary>What the demo shows: who takes part, then each answer with its authors, what it cost, and what each model says alone.</summary>
internal sealed class DemoPage(AnswerConsole output)
{
    private const int Indent = 2;
    private const int LabelWidth = 14;
    private const int MaxAloneCharacters = 200;

    private static readonly Style Dim = new(decoration: Decoration.Dim);
    private static readonly Style Bold = new(decoration: Decoration.Bold);

    private readonly AnswerLayout _layout = new(
        output.HasColors ? AnswerMarks.Colors : AnswerMarks.Rows, output.Width - Indent, Indent);

    private readonly IAnsiConsole _console = output.Console;
    private AnswerLines? _answer;

    /// <summary>Says who takes part, in which process, and what each one's words will look like.</summary>
    public void ShowModels(DemoModels models, DemoServices services, TimeSpan startTime)
    {
        Line("A small base model writes, and hands single tokens over to the expert that knows.", Bold);
        Line($"{services.Experts.Count + 1} processes on this machine, ready after {startTime.TotalSeconds.ToString("0.0", CultureInfo.InvariantCulture)} s:", Dim);
        Line();
        Model("base", Style.Plain, models.Base, "in the router", services.Router, HasMarks ? "not marked" : "plain");
        foreach ((int i, string name) in models.Experts.Index())
        {
            TokenInk ink = TokenInk.OfExpert(i);
            Model(name, ink.ToStyle(), models.DirectoryOf(name), "an expert", services.Experts[i], HasMarks ? $"marked {ink.ToAuthorMark()} below the line" : "in this colour");
        }

        var contested = new TokenInk(Origin.Base, 0, IsFallback: false, IsContested: true);
        Label(HasMarks ? $"{TokenInk.ContestedMark}" : "underlined", HasMarks ? Style.Plain : contested.ToStyle());
        Line("a place to double-check: the models disagree, or the choice was close", Dim);
        Line();
    }

    public void BeginAnswer(DemoQuestion question)
    {
        Line(question.Text, Bold);
        Line();
        _answer = new AnswerLines(_console, _layout);
    }

    /// <summary>Shows the next piece of the answer.</summary>
    public void Show(GenerateResponse response)
    {
        if (response.Token is { } token)
            _answer!.Write(token.Text, TokenInk.Of(token));
    }

    /// <summary>Sums the answer up.</summary>
    public void EndAnswer(DemoAnswer answer, string? verdict)
    {
        _answer!.End();
        Summary summary = answer.Summary;
        int byExperts = summary.Experts.Sum(expert => expert.TokenCount);
        List<string> parts =
        [
            .. verdict is null ? Array.Empty<string>() : [verdict],
            $"{byExperts} of {summary.TokenCount} tokens by experts, a deferral rate of {Percent(summary.RealisedDeferralRate)}",
            .. summary.Experts.Where(expert => expert.CallCount > 0).Select(expert =>
                $"{expert.Name}: {expert.CallCount} calls, {expert.PassCount} passes, {Bytes(expert.BytesUp + expert.BytesDown)}"),
            .. summary.ContestedTokenCount > 0 ? [$"{summary.ContestedTokenCount} to double-check"] : Array.Empty<string>(),
            $"{(summary.Times.TotalUs / 1e6).ToString("0.00", CultureInfo.InvariantCulture)} s",
        ];
        Line();
        Paragraph(string.Join(" · ", parts), Dim);
        Line();
    }

    /// <summary>Shows what one model says by itself.</summary>
    public void ShowAlone(string who, DemoAnswer answer, string? verdict)
    {
        string text = answer.Text.Length <= MaxAloneCharacters ? answer.Text : answer.Text[..MaxAloneCharacters].TrimEnd() + " ...";
        _console.Write(new Text(new string(' ', Indent) + who + (verdict is null ? "" : $", {verdict}")));
        _console.WriteLine();
        Paragraph(text.Length == 0 ? "(nothing)" : text, Dim, Indent);
    }

    public void EndQuestion() => Line();

    /// <summary>Counts the right answers.</summary>
    public void ShowScore(IReadOnlyList<(string Who, int Right)> scores, int questions)
    {
        if (questions > 0)
            Line($"Right of {questions}: {string.Join(", ", scores.Select(score => $"{score.Who} {score.Right}"))}.", Bold);
        Line("Nothing the models say is medical advice.", Dim);
    }

    /// <summary>Says how clients reach the services that keep running.</summary>
    public void ShowServing(DemoServices services, Uri http, IEnumerable<string> commands, string logs)
    {
        Line();
        Line($"Serving collm.v1 at {services.Router.Address.GetLeftPart(UriPartial.Authority)} until Ctrl-C; logs are in {logs}", Bold);
        Line($"In a browser: {http}", Bold);
        Line();
        foreach (string command in commands)
            Line(command);
    }

    private bool HasMarks => _layout.Marks == AnswerMarks.Rows;

    private void Model(string name, Style style, string directory, string place, ServiceProcess process, string look)
    {
        Label(name, style);
        string size = (ModelReport.Of(directory).Parameters / 1e6).ToString("0.0", CultureInfo.InvariantCulture);
        Line($"{size} M parameters, {place} (process {process.Id} at {process.Address.Authority}), {look}", Dim);
    }

    private void Label(string text, Style style)
    {
        _console.Write(new Text(new string(' ', Indent)));
        _console.Write(new Text(text, style));
        _console.Write(new Text(new string(' ', Math.Max(1, LabelWidth - text.Length))));
    }

    private void Paragraph(string text, Style style, int moreIndent = 0)
    {
        int width = output.Width - Indent - moreIndent;
        string line = "";
        foreach (string word in AnswerLines.Printable(text).Split(' ', '\n'))
        {
            if (line.Length > 0 && line.Length + 1 + word.Length > width)
            {
                Line(new string(' ', Indent + moreIndent) + line, style);
                line = "";
            }

            line += line.Length == 0 ? word : " " + word;
        }

        Line(new string(' ', Indent + moreIndent) + line, style);
    }

    private void Line(string text = "", Style? style = null)
    {
        _console.Write(new Text(text, style ?? Style.Plain));
        _console.WriteLine();
    }

    private static string Percent(float share) => (share * 100).ToString("0", CultureInfo.InvariantCulture) + " %";

    private static string Bytes(long count) => count < 10_000 ? $"{count} bytes" : $"{(count / 1000.0).ToString("0.0", CultureInfo.InvariantCulture)} kB";
}
