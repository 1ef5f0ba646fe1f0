using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.ServiceDefaults.Files;
using Grpc.Core;
using Grpc.Health.V1;
using Grpc.Net.Client;

namespace CoLlm.Cli.Commands;

/// <summary>
/// <c>collm health</c>: asks a running service how it is, for scripts and for container engines that have no gRPC probes. Exit codes: 0 where
/// it serves, 1 where it says that it does not, 2 where there is no answer.
/// </summary>
internal static class HealthCommand
{
    private const int NotServing = 1;
    private const int NoAnswer = 2;

    public static Command Create(ConsoleStreams streams)
    {
        var connection = new ServiceConnection("The router or expert.");
        Option<string> service = new("--service")
        {
            Description = "What to ask for: empty for whether it is ready, live for whether it answers.",
            HelpName = "NAME",
            DefaultValueFactory = _ => "",
        };
        Option<double> timeout = new("--timeout") { Description = "Longest wait.", HelpName = "SECONDS", DefaultValueFactory = _ => 3 };
        timeout.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<double>() is not (> 0 and <= 600))
                result.AddError("--timeout must be above 0 and at most 600 seconds.");
        });
        var command = new Command("health", "Asks a running service whether it is ready.") { service, timeout };
        connection.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            try
            {
                using GrpcChannel channel = connection.Open(result);
                HealthCheckResponse.Types.ServingStatus status = await AskAsync(
                    channel, result.GetValue(service) ?? "", TimeSpan.FromSeconds(result.GetValue(timeout)), cancellationToken);
                await streams.Error.WriteLineAsync(status.ToString());
                return status == HealthCheckResponse.Types.ServingStatus.Serving ? 0 : NotServing;
            }
            catch (SettingFileException exception)
            {
                await streams.Error.WriteLineAsync($"collm health: {exception.Message}");
                return NoAnswer;
            }
            catch (RpcException exception)
            {
                await streams.Error.WriteLineAsync($"collm health: {exception.Status.Detail} ({exception.StatusCode})");
                return NoAnswer;
            }
        });
        return command;
    }

    private static async Task<HealthCheckResponse.Types.ServingStatus> AskAsync(
        GrpcChannel channel, string service, TimeSpan timeout, CancellationToken cancellationToken)
    {
        HealthCheckResponse response = await new Health.HealthClient(channel).CheckAsync(
            new HealthCheckRequest { Service = service }, deadline: DateTime.UtcNow + timeout, cancellationToken: cancellationToken);
        return response.Status;
    }
}
