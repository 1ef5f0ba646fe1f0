using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Hosting;

namespace CoLlm.Cli.Serving;

/// <summary>
/// What both services share on the command line: <c>--config</c>, and every mistake in it at once. Exit codes: 0 after an orderly
/// stop, 1 where the command line is wrong or the service failed, 2 where the configuration cannot be used.
/// </summary>
internal static class ServiceCommand
{
    private const int CannotBeUsed = 2;

    /// <param name="name">The service.</param>
    /// <param name="description">For the help.</param>
    /// <param name="streams">Where mistakes are written.</param>
    /// <param name="validate">Rules across several settings.</param>
    /// <param name="build">Puts the process together.</param>
    public static Command Create<TOptions>(
        string name, string description, ConsoleStreams streams, Func<TOptions, IEnumerable<string>> validate, Func<TOptions, WebApplication> build)
        where TOptions : class, new()
    {
        Option<string> config = new("--config")
        {
            Description = $"JSON file with the settings; environment variables override them ({ServiceConfiguration.EnvironmentPrefix}Listen=...).",
            HelpName = "FILE",
            Required = true,
        };
        var command = new Command(name, description) { config };
        command.SetAction(async (result, cancellationToken) =>
        {
            WebApplication application;
            try
            {
                application = build(ServiceConfiguration.Load(result.GetRequiredValue(config), validate));
            }
            catch (ServiceConfigurationException exception)
            {
                foreach (string error in exception.Errors)
                    await streams.Error.WriteLineAsync($"collm serve {name}: {error}");
                return CannotBeUsed;
            }

            await using (application)
                return await RunAsync(application, name, streams, cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(WebApplication application, string name, ConsoleStreams streams, CancellationToken cancellationToken)
    {
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (IOException exception)
        {
            await streams.Error.WriteLineAsync($"collm serve {name}: {exception.Message}");
            return 1;
        }

        await application.WaitForShutdownAsync(cancellationToken);
        return Environment.ExitCode;
    }
}
