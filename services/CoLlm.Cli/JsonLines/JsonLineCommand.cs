using System.CommandLine;

namespace CoLlm.Cli.JsonLines;

/// <summary>
/// What every JSON-lines subcommand shares: <c>--input</c>, the streams and the exit codes. 0: every line was answered, failing
/// lines included. 1: the command line was wrong. 2: the run could not start or could not go on; standard error says why.
/// 130: interrupted.
/// </summary>
internal static class JsonLineCommand
{
    public const int CouldNotRun = 2;

    private const int Interrupted = 130;

    /// <summary>Creates the subcommand.</summary>
    /// <param name="command">With its name, description and own options.</param>
    /// <param name="streams">Where lines come from and go to.</param>
    /// <param name="open">
    /// Loads what the options name and returns the handler with the thing to dispose after the last line, if any; called once.
    /// </param>
    public static Command WithLines(
        Command command, ConsoleStreams streams, Func<ParseResult, CancellationToken, Task<(JsonLineHandler, IAsyncDisposable?)>> open)
    {
        Option<FileInfo?> input = new("--input")
        {
            Description = "File with one JSON object per line; standard input when not given.",
            HelpName = "FILE",
        };
        command.Options.Add(input);
        command.SetAction(async (ParseResult result, CancellationToken cancellationToken) =>
        {
            try
            {
                await RunAsync(streams, result.GetValue(input), () => open(result, cancellationToken), cancellationToken);
                return 0;
            }
            catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
            {
                return Interrupted;
            }
            catch (Exception exception)
            {
                await streams.Error.WriteLineAsync($"collm {command.Name}: {exception.Message}");
                return CouldNotRun;
            }
        });
        return command;
    }

    /// <summary>As above, for handlers that need neither waiting nor disposal.</summary>
    public static Command WithLines(Command command, ConsoleStreams streams, Func<ParseResult, JsonLineHandler> open) =>
        WithLines(command, streams, (result, _) => Task.FromResult<(JsonLineHandler, IAsyncDisposable?)>((open(result), null)));

    private static async Task RunAsync(
        ConsoleStreams streams,
        FileInfo? inputFile,
        Func<Task<(JsonLineHandler, IAsyncDisposable?)>> open,
        CancellationToken cancellationToken)
    {
        await using Stream? file = inputFile?.OpenRead();
        (JsonLineHandler handler, IAsyncDisposable? resource) = await open();
        await using (resource)
            await JsonLineRun.AnswerAllAsync(file ?? streams.Input, streams.Output, handler, cancellationToken);
    }
}
