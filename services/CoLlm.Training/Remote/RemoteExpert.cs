using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using CoLlm.Training.Pipeline;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Training.Remote;

/// <summary>
/// An expert service as training asks it. What passes (a lost connection, a full or stopping replica) is tried again; what does not
/// is one sentence.
/// </summary>
internal sealed class RemoteExpert : IDisposable
{
    private readonly ExpertSource _source;
    private readonly IProgress<string>? _log;
    private readonly GrpcChannel _channel;
    private int _failures;
    private CancellationTokenSource? _silence;

    /// <param name="source">Has an address.</param>
    /// <param name="log">Told of every failure that is borne with.</param>
    /// <param name="patience">Null: the default.</param>
    public RemoteExpert(ExpertSource source, IProgress<string>? log, RemotePatience? patience = null)
    {
        (_source, _log) = (source, log);
        Patience = patience ?? new RemotePatience();
        _channel = GrpcChannel.ForAddress(source.Address!.GetLeftPart(UriPartial.Authority));
        Client = new Protocol.V1.Expert.ExpertClient(_channel);
    }

    public RemotePatience Patience { get; }

    public Protocol.V1.Expert.ExpertClient Client { get; }

    /// <summary>What the service says of the model, which may still be loading when it is first asked.</summary>
    /// <exception cref="TrainingException">The service has no such model, or does not answer.</exception>
    public Task<ModelDescription> DescribeAsync(CancellationToken cancellationToken) => BearAsync(
        async token =>
        {
            DescribeResponse response = await Client.DescribeAsync(new DescribeRequest(), cancellationToken: token);
            ModelDescription? model = response.Models.FirstOrDefault(model => model.Name == _source.Model);
            if (model is not null)
                return model;
            string known = string.Join(", ", response.Models.Select(other => other.Name));
            throw new RemoteFailureException($"the service has no model \"{_source.Model}\"; it has {(known.Length > 0 ? known : "none so far")}", isPassing: known.Length == 0);
        },
        cancellationToken);

    /// <summary>Makes sure that the service accepts these terms; a refusal names both values.</summary>
    /// <exception cref="TrainingException">It does not, or it does not answer.</exception>
    public Task RequireAsync(ScoreOpen terms, CancellationToken cancellationToken) => BearAsync(
        async token =>
        {
            using AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call = Client.Score(cancellationToken: token);
            await OpenAsync(call, terms, token);
            await EndAsync(call, token);
            return true;
        },
        cancellationToken);

    /// <summary>Sends the terms and reads what the service makes of them.</summary>
    public static async Task<ScoreOpened> OpenAsync(
        AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call, ScoreOpen terms, CancellationToken cancellationToken)
    {
        await SendAsync(call, new ScoreRequest { Open = terms }, cancellationToken);
        return await call.ResponseStream.MoveNext(cancellationToken) && call.ResponseStream.Current.Opened is { } opened
            ? opened
            : throw new RemoteFailureException("it broke the protocol: the first answer is not Opened", isPassing: false);
    }

    /// <summary>Sends one message. Where the server has ended the stream it is lost without a word, since reading tells why it ended.</summary>
    public static async Task SendAsync(AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call, ScoreRequest message, CancellationToken cancellationToken)
    {
        try
        {
            await call.RequestStream.WriteAsync(message, cancellationToken);
        }
        catch (RpcException)
        {
            // Only the transport's half of the story, such as a stream that was reset; the response has the server's.
        }
    }

    /// <summary>Ends a stream with nothing unanswered in good order.</summary>
    public static async Task EndAsync(AsyncDuplexStreamingCall<ScoreRequest, ScoreResponse> call, CancellationToken cancellationToken)
    {
        await call.RequestStream.CompleteAsync();
        if (await call.ResponseStream.MoveNext(cancellationToken))
            throw new RemoteFailureException("it broke the protocol: it answers more than it was asked", isPassing: false);
    }

    /// <summary>Does something that may fail in passing, again and again with growing waits.</summary>
    /// <param name="ask">Asks; the failures before it count anew whenever it calls <see cref="Advanced"/>.</param>
    /// <param name="cancellationToken">Ends the waiting too.</param>
    /// <exception cref="TrainingException">It failed for good, or too often in a row.</exception>
    public async Task<T> BearAsync<T>(Func<CancellationToken, Task<T>> ask, CancellationToken cancellationToken)
    {
        _failures = 0;
        while (true)
        {
            string problem;
            try
            {
                using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
                _silence = silence;
                silence.CancelAfter(Patience.MaxSilence);
                return await ask(silence.Token);
            }
            catch (Exception exception) when (exception is RpcException or OperationCanceledException or RemoteFailureException)
            {
                cancellationToken.ThrowIfCancellationRequested();
                problem = Describe(exception);
                if (!IsPassing(exception) || ++_failures >= Patience.MaxFailures)
                    throw new TrainingException($"Expert {_source.Name} ({_source.Address}): {problem}.", exception);
            }

            TimeSpan wait = Patience.BackoffAfter(_failures);
            _log?.Report($"Expert {_source.Name} ({_source.Address}): {problem}; asking again in {wait.TotalSeconds:0.0} s.");
            await Task.Delay(wait, cancellationToken);
        }
    }

    /// <summary>Something was answered: earlier failures no longer count.</summary>
    public void Advanced()
    {
        _failures = 0;
        _silence?.CancelAfter(Patience.MaxSilence);
    }

    public void Dispose() => _channel.Dispose();

    private string Describe(Exception exception) => exception switch
    {
        RpcException { Status.Detail.Length: > 0 } call => call.Status.Detail.TrimEnd('.'),
        RpcException call => $"the call ended with {call.StatusCode}",
        OperationCanceledException => $"it was silent for {Patience.MaxSilence}",
        _ => exception.Message.TrimEnd('.'),
    };

    private static bool IsPassing(Exception exception) => exception switch
    {
        RpcException call when call.Trailers.GetValue(FailureReasons.ReasonTrailer) is { } reason => FailureReasons.Parse(reason).IsTransient(),
        RpcException call => call.StatusCode is StatusCode.Unavailable or StatusCode.ResourceExhausted or StatusCode.DeadlineExceeded or StatusCode.Cancelled,
        RemoteFailureException failure => failure.IsPassing,
        _ => true,
    };
}
