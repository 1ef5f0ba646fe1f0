using System.CommandLine;
using CoLlm.Cli.Demo;
using CoLlm.Cli.Generation;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Serving;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm demo</c>: the whole system on this machine, asked a few questions.</summary>
internal static class DemoCommand
{
    private const string Name = "demo";
    private const int Interrupted = 130;

    /// <summary>How long an interrupted demo may take to end its services.</summary>
    public static readonly TimeSpan StopTime = TimeSpan.FromSeconds(30);

    public static Command Create(ConsoleStreams streams)
    {
        Option<string?> models = new("--models")
        {
            Description = "Folder with the models: base with its swap head, and one folder for each expert; deploy/models/demo of the checkout when not given.",
            HelpName = "DIR",
        };
        Option<string[]> questions = new("--question") { Description = "Ask this instead of the demo's own questions; may be repeated.", HelpName = "TEXT" };
        Option<bool> serve = new("--serve") { Description = "Keep the services running after the last answer, for other clients, until Ctrl-C." };
        Option<int> port = new("--port") { Description = "The router's port on loopback; any free one when not given.", HelpName = "N" };
        Option<float?> threshold = new("--threshold") { Description = "Defer where the deferral probability is above this.", HelpName = "S" };
        Option<float?> targetRate = new("--target-rate")
        {
            Description = "Share of tokens to defer, by the swap head's calibration; the router's default when neither this nor --threshold is given.",
            HelpName = "R",
        };
        Option<int> maxTokens = new("--max-tokens") { Description = "Longest answer.", HelpName = "N", DefaultValueFactory = _ => 224 };
        Option<int> wait = new("--start-limit") { Description = "Longest wait for the services to become ready.", HelpName = "SECONDS", DefaultValueFactory = _ => 60 };
        Bound(port, 0, 65535);
        Bound(maxTokens, 1, 4096);
        Bound(wait, 1, 3600);
        var command = new Command(
            Name,
            "Starts the demo's experts and its router as processes on this machine, asks a few questions, and shows who wrote each token, what it cost, and "
                + "what base and experts say alone. Exit code 2: it could not run; 130: interrupted.")
        {
            models, questions, serve, port, threshold, targetRate, maxTokens, wait,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(threshold) is not null && result.GetResult(targetRate) is not null)
                result.AddError("--threshold and --target-rate exclude each other.");
        });
        command.SetAction(async (result, cancellationToken) =>
        {
            var options = new DemoOptions
            {
                Models = result.GetValue(models),
                Questions = result.GetValue(questions) ?? [],
                Serves = result.GetValue(serve),
                Port = result.GetValue(port),
                Threshold = result.GetValue(threshold),
                TargetRate = result.GetValue(targetRate),
                MaxTokens = result.GetValue(maxTokens),
                StartLimit = TimeSpan.FromSeconds(result.GetValue(wait)),
            };
            return await RunAsync(options, streams, cancellationToken);
        });
        return command;
    }

    /// <summary>Whether the demo is about to run, which ends its services when it is interrupted.</summary>
    public static bool IsRunning(ParseResult command) => command.Errors.Count == 0 && command.CommandResult.Command.Name == Name;

    private static async Task<int> RunAsync(DemoOptions options, ConsoleStreams streams, CancellationToken cancellationToken)
    {
        await using var output = new StreamWriter(streams.Output, leaveOpen: true);
        try
        {
            await new DemoRun(options, new DemoPage(new AnswerConsole(output, streams.IsTerminal)), ServiceExecutable.OfThisProgram()).RunAsync(cancellationToken);
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            if (options.Serves)
                return 0;
            await streams.Error.WriteLineAsync("collm demo: interrupted; its services have ended.");
            return Interrupted;
        }
        catch (Exception exception)
        {
            await streams.Error.WriteLineAsync($"collm demo: {exception.Message}");
            return JsonLineCommand.CouldNotRun;
        }
    }

    private static void Bound(Option<int> option, int least, int most) => option.Validators.Add(result =>
    {
        if (result.GetValueOrDefault<int>() is var value && (value < least || value > most))
            result.AddError($"{option.Name} must be from {least} to {most}.");
    });
}
