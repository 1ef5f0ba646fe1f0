using System.Text;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Cli.Demo;

/// <summary>Asks the demo's router as any client would.</summary>
/// <param name="router">Where it serves.</param>
/// <param name="maxTokens">Longest answer.</param>
internal sealed class DemoClient(Uri router, int maxTokens) : IDisposable
{
    private readonly GrpcChannel _channel = GrpcChannel.ForAddress(router);

    /// <summary>Asks one question and waits for the end of its answer.</summary>
    /// <param name="question">As a person writes it.</param>
    /// <param name="collaboration">Who may write.</param>
    /// <param name="show">Called with every event, in order; null: nobody watches.</param>
    /// <param name="cancellationToken">Drops the answer.</param>
    /// <exception cref="DemoException">The answer ended early.</exception>
    /// <exception cref="RpcException">The router refused, or was lost.</exception>
    public async Task<DemoAnswer> AskAsync(
        string question, Collaboration collaboration, Action<GenerateResponse>? show, CancellationToken cancellationToken)
    {
        var request = new GenerateRequest
        {
            Chat = new Chat { Messages = { new ChatMessage { Role = "user", Content = question } } },
            MaxNewTokens = maxTokens,
            Collaboration = collaboration,
        };
        using AsyncServerStreamingCall<GenerateResponse> call = new Protocol.V1.Generation.GenerationClient(_channel).Generate(request, cancellationToken: cancellationToken);
        StringBuilder text = new();
        Summary? summary = null;
        while (await call.ResponseStream.MoveNext(cancellationToken))
        {
            GenerateResponse response = call.ResponseStream.Current;
            text.Append(response.Token?.Text);
            summary = response.Summary ?? summary;
            show?.Invoke(response);
        }

        return summary switch
        {
            null => throw new DemoException("The router ended an answer without a summary."),
            { FinishReason: FinishReason.ExpertUnavailable or FinishReason.Failed or FinishReason.Shutdown } =>
                throw new DemoException($"An answer ended early ({summary.FinishReason}). {summary.Failure?.Message}"),
            _ => new DemoAnswer(text.ToString().Trim(), summary),
        };
    }

    public void Dispose() => _channel.Dispose();
}

/// <summary>A complete answer and what it cost.</summary>
internal sealed record DemoAnswer(string Text, Summary Summary);
