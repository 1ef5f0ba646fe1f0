using System.CommandLine;
using System.Net.Sockets;
using CoLlm.Cli.JsonLines;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Files;
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
        Option<bool> stopWithParent = new("--stop-with-parent")
        {
            Description = "Stop when standard input ends, as it does when the process that holds its other end stops or is killed.",
        };
        var command = new Command(name, description) { config, stopWithParent };
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
                return await RunAsync(application, name, streams, result.GetValue(stopWithParent), cancellationToken);
        });
        return command;
    }

    private static async Task<int> RunAsync(WebApplication application, string name, ConsoleStreams streams, bool stopsWithParent, CancellationToken cancellationToken)
    {
        try
        {
            await application.StartAsync(cancellationToken);
        }
        catch (Exception exception) when (exception is IOException or SettingFileException)
        {
            await streams.Error.WriteLineAsync($"collm serve {name}: {exception.Message}");
            return 1;
        }
        catch (SocketException exception)
        {
            await streams.Error.WriteLineAsync($"collm serve {name}: It cannot listen where its settings say: {exception.Message}.");
            return 1;
        }

        if (stopsWithParent)
            StopAtEndOf(streams.Input, application.Lifetime);
        await application.WaitForShutdownAsync(cancellationToken);
        return Environment.ExitCode;
    }

    /// <summary>Reads and drops input on a thread of its own, because a console's reads block.</summary>
    private static void StopAtEndOf(Stream input, IHostApplicationLifetime lifetime) =>
        new Thread(() =>
        {
            byte[] dropped = new byte[256];
            try
            {
                while (input.Read(dropped) > 0)
                {
                }
            }
            catch (IOException)
            {
                // An input that cannot be read has ended.
            }

            lifetime.StopApplication();
        })
        { IsBackground = true, Name = "parent watch" }.Start();
}
