using System.CommandLine;
using CoLlm.Cli.Generation;
using CoLlm.Cli.JsonLines;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.ServiceDefaults.Files;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm generate</c>: one answer of a running router, with the author of every token.</summary>
internal static class GenerateCommand
{
    private const int CouldNotAnswer = 2;
    private const int Interrupted = 130;

    public static Command Create(ConsoleStreams streams)
    {
        var router = new ServiceConnection("The router.");
        Option<bool> json = new("--json") { Description = "Write every event as a line of JSON, as generation.proto names its fields." };
        var command = new Command("generate", "Asks a running router for an answer and shows who wrote each token.") { json };
        router.AddTo(command);
        var arguments = new GenerateArguments();
        arguments.AddTo(command);
        command.SetAction(async (result, cancellationToken) =>
        {
            GenerateRequest request = arguments.Read(result, () => new StreamReader(streams.Input).ReadToEnd());
            await using var output = new StreamWriter(streams.Output, leaveOpen: true);
            Action<GenerateResponse> show = result.GetValue(json) ? WriteJson(output) : PrinterOn(output, streams.IsTerminal).Print;
            try
            {
                using GrpcChannel channel = router.Open(result);
                return await AnswerAsync(channel, request, show, cancellationToken);
            }
            catch (SettingFileException exception)
            {
                await streams.Error.WriteLineAsync($"collm generate: {exception.Message}");
                return CouldNotAnswer;
            }
            catch (RpcException) when (cancellationToken.IsCancellationRequested)
            {
                return Interrupted;
            }
            catch (RpcException exception)
            {
                string reason = exception.Trailers.GetValue(FailureReasons.ReasonTrailer) ?? exception.StatusCode.ToString();
                await streams.Error.WriteLineAsync($"collm generate: {exception.Status.Detail} ({reason})");
                return CouldNotAnswer;
            }
        });
        return command;
    }

    private static async Task<int> AnswerAsync(GrpcChannel channel, GenerateRequest request, Action<GenerateResponse> show, CancellationToken cancellationToken)
    {
        using AsyncServerStreamingCall<GenerateResponse> call =
            new Protocol.V1.Generation.GenerationClient(channel).Generate(request, cancellationToken: cancellationToken);
        int exitCode = 0;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            GenerateResponse response = call.ResponseStream.Current;
            show(response);
            if (response.Summary?.FinishReason is FinishReason.Failed or FinishReason.ExpertUnavailable or FinishReason.Shutdown)
                exitCode = CouldNotAnswer;
        }

        return exitCode;
    }

    private static Action<GenerateResponse> WriteJson(StreamWriter output)
    {
        var formatter = new JsonFormatter(JsonFormatter.Settings.Default.WithFormatDefaultValues(true));
        return response =>
        {
            output.Write(formatter.Format(response) + "\n");
            output.Flush();
        };
    }

    /// <summary>Redirected output is the text and its summary alone, for programs that read it.</summary>
    private static AnswerPrinter PrinterOn(StreamWriter output, bool isTerminal)
    {
        var shown = new AnswerConsole(output, isTerminal);
        AnswerLayout layout = shown switch
        {
            { HasColors: true } => new AnswerLayout(AnswerMarks.Colors),
            { IsTerminal: true } => new AnswerLayout(AnswerMarks.Rows, shown.Width),
            _ => new AnswerLayout(AnswerMarks.None),
        };
        return new AnswerPrinter(shown.Console, layout);
    }
}
