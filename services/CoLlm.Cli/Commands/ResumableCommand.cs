using CoLlm.Cli.JsonLines;

namespace CoLlm.Cli.Commands;

/// <summary>What commands of hours share: interrupted, they go on later. Exit codes: 0 done, 2 could not run, 130 interrupted.</summary>
internal static class ResumableCommand
{
    private const int Interrupted = 130;

    /// <summary>Runs the work and says in one sentence what ended it early.</summary>
    /// <param name="name">The command.</param>
    /// <param name="from">Where the same command goes on.</param>
    /// <param name="error">Where the sentence goes.</param>
    /// <param name="work">May throw whatever it likes.</param>
    /// <param name="cancellationToken">The interruption.</param>
    public static async Task<int> RunAsync(string name, string from, TextWriter error, Func<Task> work, CancellationToken cancellationToken)
    {
        try
        {
            await work();
            return 0;
        }
        catch (OperationCanceledException) when (cancellationToken.IsCancellationRequested)
        {
            await error.WriteLineAsync($"collm {name}: interrupted; the same command goes on from {from}.");
            return Interrupted;
        }
        catch (Exception exception)
        {
            await error.WriteLineAsync($"collm {name}: {exception.Message}");
            return JsonLineCommand.CouldNotRun;
        }
    }
}
