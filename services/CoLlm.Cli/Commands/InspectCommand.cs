using System.CommandLine;
using System.Text;
using System.Text.Json;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Models;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm inspect</c>: what a model directory holds and what running it takes.</summary>
internal static class InspectCommand
{
    private static readonly JsonSerializerOptions Json = new() { WriteIndented = true, PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Model directory.");
        Option<bool> asJson = new("--json") { Description = "Write one JSON object instead of a table." };
        var command = new Command("inspect", "Says what a model directory holds and what memory running it takes; loads no weights.")
        {
            model,
            asJson,
        };
        command.SetAction(async (ParseResult result, CancellationToken cancellationToken) =>
        {
            try
            {
                ModelReport report = ModelReport.Of(result.GetRequiredValue(model));
                string text = result.GetValue(asJson) ? JsonSerializer.Serialize(report, Json) + "\n" : Table(report);
                await streams.Output.WriteAsync(Encoding.UTF8.GetBytes(text), cancellationToken);
                await streams.Output.FlushAsync(cancellationToken);
                return 0;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                await streams.Error.WriteLineAsync($"collm inspect: {exception.Message}");
                return JsonLineCommand.CouldNotRun;
            }
        });
        return command;
    }

    private static string Table(ModelReport report)
    {
        (string Label, string Value)[] lines = [.. report.Lines()];
        int width = lines.Max(line => line.Label.Length);
        return string.Concat(lines.Select(line => $"{line.Label.PadRight(width)}  {line.Value}\n"));
    }
}
