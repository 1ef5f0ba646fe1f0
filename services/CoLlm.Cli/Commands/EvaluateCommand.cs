using System.CommandLine;
using System.Globalization;
using CoLlm.Cli.JsonLines;
using CoLlm.Evaluation;
using CoLlm.Evaluation.Importers;
using CoLlm.Evaluation.Reports;
using CoLlm.Evaluation.Running;
using CoLlm.Evaluation.Systems;
using CoLlm.Evaluation.Tasks;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm evaluate</c>: how good a trained model and its experts are, together, alone, and beside other ways to combine them.</summary>
internal sealed class EvaluateCommand
{
    private readonly Option<string> _model = new("--model") { Description = "The trained base with its swap head.", HelpName = "DIR", Required = true };
    private readonly Option<string[]> _experts = new("--expert") { Description = "An expert by the name the swap head knows; may be given several times.", HelpName = "NAME=DIR" };
    private readonly Option<string?> _base = new("--base") { Description = "The base before training, as a system of its own and for contrastive decoding and proxy tuning.", HelpName = "DIR" };
    private readonly Option<string?> _finetuned = new("--finetuned") { Description = "The base trained on the same data without experts.", HelpName = "DIR" };
    private readonly Option<string[]> _tasks = new("--tasks") { Description = "JSON lines with items, or a folder of such files; may be given several times.", HelpName = "PATH" };
    private readonly Option<string?> _gsm8k = new("--gsm8k") { Description = "A GSM8K file as published.", HelpName = "FILE" };
    private readonly Option<string?> _mathematics = new("--math") { Description = "A MATH folder as published, or JSON lines.", HelpName = "PATH" };
    private readonly Option<string?> _bioasq = new("--bioasq") { Description = "A BioASQ task b file as published.", HelpName = "FILE" };
    private readonly Option<string> _output = new("--output") { Description = "Folder for results and report; an interrupted evaluation goes on from it.", HelpName = "DIR", Required = true };
    private readonly Option<string?> _rates = new("--rates") { Description = "Target deferral rates, with commas between; 0,0.1,...,0.9 when neither these nor thresholds are given.", HelpName = "LIST" };
    private readonly Option<string?> _thresholds = new("--thresholds") { Description = "Thresholds, with commas between.", HelpName = "LIST" };
    private readonly Option<string?> _systems = new("--systems") { Description = "Kinds of systems, with commas between: base, finetuned, expert, collm, random, more-confident, contrastive, proxy; all by default.", HelpName = "LIST" };
    private readonly Option<int> _maxTokens = new("--max-tokens") { Description = "Longest answer.", HelpName = "N", DefaultValueFactory = _ => 256 };
    private readonly Option<int> _concurrency = new("--concurrency") { Description = "Questions answered at once.", HelpName = "N", DefaultValueFactory = _ => 8 };
    private readonly Option<int?> _limit = new("--limit") { Description = "Only the first items.", HelpName = "N" };

    public static Command Create(ConsoleStreams streams) => new EvaluateCommand().Build(streams);

    private Command Build(ConsoleStreams streams)
    {
        var command = new Command("evaluate", "Answers all items with every system that the models allow; writes results, a table and a plot of score against deferral rate.")
        {
            _model, _experts, _base, _finetuned, _tasks, _gsm8k, _mathematics, _bioasq, _output, _rates, _thresholds, _systems, _maxTokens, _concurrency, _limit,
        };
        command.SetAction((result, cancellationToken) =>
            ResumableCommand.RunAsync("evaluate", "here", streams.Error, () => RunAsync(result, streams, cancellationToken), cancellationToken));
        return command;
    }

    private async Task RunAsync(ParseResult result, ConsoleStreams streams, CancellationToken cancellationToken)
    {
        ModelDirectories directories = new()
        {
            Model = result.GetRequiredValue(_model),
            Experts = [.. (result.GetValue(_experts) ?? []).Select(Expert)],
            Base = result.GetValue(_base),
            Finetuned = result.GetValue(_finetuned),
        };
        string command = "collm " + string.Join(' ', result.Tokens.Select(token => token.Value.Contains(' ', StringComparison.Ordinal) ? $"'{token.Value}'" : token.Value));
        EvaluationReport report = await ModelEvaluation.RunAsync(
            directories, Items(result), Options(result), result.GetRequiredValue(_output), command, new Lines(streams.Error), cancellationToken);
        await using StreamWriter output = new(streams.Output, leaveOpen: true);
        foreach (SystemSummary system in report.Systems)
        {
            await output.WriteLineAsync(string.Create(
                CultureInfo.InvariantCulture,
                $"{system.Name,-28} {system.All.Mean * 100,6:0.0} ({system.All.Interval.Low * 100:0.0} to {system.All.Interval.High * 100:0.0})  deferral {system.DeferralRate * 100,5:0.0} %"));
        }
    }

    private List<EvaluationItem> Items(ParseResult result)
    {
        List<EvaluationItem> items = [];
        foreach (string path in result.GetValue(_tasks) ?? [])
            items.AddRange(TaskFile.Read(path));
        if (result.GetValue(_gsm8k) is { } gsm8k)
            items.AddRange(Gsm8kFile.Read(gsm8k));
        if (result.GetValue(_mathematics) is { } mathematics)
            items.AddRange(MathFiles.Read(mathematics));
        if (result.GetValue(_bioasq) is { } bioasq)
            items.AddRange(BioasqFile.Read(bioasq));
        if (items.Count == 0)
            throw new EvaluationException("No items are given; name them with --tasks, --gsm8k, --math or --bioasq.");
        return result.GetValue(_limit) is { } limit ? [.. items.Take(limit)] : items;
    }

    private EvaluationOptions Options(ParseResult result)
    {
        IReadOnlyList<float>? rates = Numbers(result.GetValue(_rates), "--rates");
        IReadOnlyList<float>? thresholds = Numbers(result.GetValue(_thresholds), "--thresholds");
        EvaluationOptions options = new()
        {
            Thresholds = thresholds ?? [],
            Kinds = result.GetValue(_systems)?.Split(',', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
            MaxNewTokens = result.GetValue(_maxTokens),
            Concurrency = result.GetValue(_concurrency),
        };
        return rates is null && thresholds is null ? options : options with { Rates = rates ?? [] };
    }

    private static (string Name, string Directory) Expert(string text)
    {
        int sign = text.IndexOf('=', StringComparison.Ordinal);
        return sign > 0 && sign < text.Length - 1 ? (text[..sign], text[(sign + 1)..]) : throw new EvaluationException($"--expert '{text}' is not NAME=DIR.");
    }

    private static float[]? Numbers(string? list, string option) => list is null ? null :
    [
        .. list.Split(',').Select(text => float.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out float number)
            ? number : throw new EvaluationException($"{option} has '{text}', which is no number.")),
    ];

    /// <summary>One line per system when it begins and when it is done: readable in a terminal and in a log.</summary>
    private sealed class Lines(TextWriter error) : IProgress<EvaluationProgress>
    {
        public void Report(EvaluationProgress value)
        {
            if (value.ItemsDone == 0 || value.ItemsDone == value.ItemCount)
                error.WriteLine($"[{value.SystemIndex + 1}/{value.SystemCount}] {value.System}: {value.ItemsDone} of {value.ItemCount} items");
        }
    }
}
