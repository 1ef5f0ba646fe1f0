using System.IO.Pipelines;
using Grpc.Core;
using Grpc.Framing;

namespace Grpc.Net.Client;

/// <summary>
/// One call over one HTTP request: sends the request, hears the response, and ends exactly once, by whichever comes first of the status,
/// a failure, the deadline, the caller's cancellation and disposal.
/// </summary>
/// <remarks>Any thread may cancel; one thread at a time reads and one writes.</remarks>
internal sealed class HttpCall : IDisposable
{
    /// <summary>A server that saw the deadline pass resets the stream; its clock may be ahead of ours by this much.</summary>
    private static readonly TimeSpan DeadlineTolerance = TimeSpan.FromMilliseconds(50);

    private readonly CancellationTokenSource _cancellation = new();
    private readonly CallDeadline? _deadline;
    private CancellationTokenRegistration _callerRegistration;
    private CancellationTokenRegistration _channelRegistration;
    private CallOutcome? _outcome;
    private HttpResponseMessage? _response;
    private Metadata? _responseHeaders;
    private PipeReader? _body;
    private Task _begun = Task.CompletedTask;
    private readonly RequestStream? _requestStream;
    private bool _isDisposed;

    /// <summary>A call that is not sent yet; the request stream is its body, or null where the request is one message.</summary>
    public HttpCall(GrpcChannel channel, IMethod method, in CallOptions options, RequestStream? requestStream)
    {
        _requestStream = requestStream;
        Channel = channel;
        Method = method;
        Options = options;
        if (options.Deadline is not { } deadline || deadline == DateTime.MaxValue)
            return;

        if (deadline.Kind != DateTimeKind.Utc && deadline != DateTime.MinValue)
            throw new InvalidOperationException("The deadline must be in UTC, or DateTime.MinValue or DateTime.MaxValue.");

        _deadline = new CallDeadline(channel.Clock, deadline, DeadlinePassed);
    }

    public GrpcChannel Channel { get; }

    public IMethod Method { get; }

    public CallOptions Options { get; }

    /// <summary>Whether messages of this call are compressed unless their own flags say otherwise; known once HTTP asks for the body.</summary>
    public bool IsCompressing { get; private set; }

    /// <summary>The response's messages; null until the response is here, and where the call ended without.</summary>
    public MessageReader? Reader { get; private set; }

    /// <summary>What reads a single response without being asked; null where the caller reads a stream of them.</summary>
    public Task? ResponseTask { get; set; }

    /// <summary>How the call ended, or null while it has not.</summary>
    public CallOutcome? Outcome => Volatile.Read(ref _outcome);

    /// <summary>Sends the request; the returned task ends, and never fails, when the response is here or the call has ended.</summary>
    public Task Begin(HttpContent content)
    {
        _begun = BeginAsync(content);
        return _begun;
    }

    /// <summary>Waits until the response is here or the call has ended.</summary>
    public Task Begun => _begun;

    public async Task<Metadata> GetResponseHeadersAsync()
    {
        await _begun.ConfigureAwait(false);
        if (_response is not { } response)
            throw ToException();

        return _responseHeaders ??= ResponseHead.ToMetadata(response.Headers);
    }

    public Status GetStatus() => EndedOutcome().Status;

    public Metadata GetTrailers() => EndedOutcome().Trailers;

    /// <summary>The exception that says how the ended call ended.</summary>
    public Exception ToException() => EndedOutcome().ToException(Channel.ThrowsOperationCanceled);

    /// <summary>The response has been read to its end: the trailers decide.</summary>
    public CallOutcome EndWithTrailers()
    {
        CallOutcome outcome = End(ResponseHead.FromTrailers(_response!));
        _body!.Complete();
        return outcome;
    }

    /// <summary>Sending or reading failed: the call ends with the status that stands for the failure, unless it has ended already.</summary>
    public CallOutcome EndWithFailure(Exception failure)
    {
        // Only who reads comes here once there is a body, so nobody else is using its memory.
        CallOutcome outcome = End(ToOutcome(failure));
        _body?.Complete();
        return outcome;
    }

    private CallOutcome ToOutcome(Exception failure)
    {
        if (Options.Deadline is { } deadline && TransportFailure.IsResetByCancel(failure)
            && CallDeadline.Remaining(Channel.Clock, deadline) <= DeadlineTolerance)
        {
            return new CallOutcome(DeadlineStatus(failure), [], isLocalCancellation: true);
        }

        return new CallOutcome(TransportFailure.ToStatus(failure, _response is not null), []);
    }

    /// <summary>Gives the call up for the holder of this token.</summary>
    public void Cancel() => EndLocally(new Status(StatusCode.Cancelled, "The call was cancelled by the caller."));

    /// <exception cref="ObjectDisposedException">Who holds the call has disposed of it.</exception>
    public void ThrowIfDisposed() => ObjectDisposedException.ThrowIf(Volatile.Read(ref _isDisposed), this);

    public void Dispose()
    {
        Volatile.Write(ref _isDisposed, true);
        EndLocally(new Status(StatusCode.Cancelled, "The call was disposed of before it had ended."));

        // Who disposes of a call does not want its exception any more, so it must not be reported as one that nobody saw.
        if (ResponseTask is { IsCompletedSuccessfully: false } response)
            _ = response.ContinueWith(static task => task.Exception, TaskScheduler.Default);
    }

    private async Task BeginAsync(HttpContent content)
    {
        try
        {
            if (!Watch())
                return;

            HttpRequestMessage request = CallRequest.Create(Channel.UriOf(Method), content, Remaining());
            string? encoding = CallRequest.AddMetadata(request, Options.Headers);
            if (Channel.HasCredentials(Options))
                CallRequest.AddMetadata(request, await Channel.ReadCredentialsAsync(this, _cancellation.Token).ConfigureAwait(false));

            CallRequest.AddUserAgent(request);
            IsCompressing = encoding == MessageEncoding.Gzip;
            HttpResponseMessage response = await Channel.SendAsync(request, _cancellation.Token).ConfigureAwait(false);
            await ReceiveAsync(response).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            EndWithFailure(exception);
        }
    }

    /// <summary>Begins to watch the deadline, the caller's token and the channel; false where one of them has ended the call already.</summary>
    private bool Watch()
    {
        if (Remaining() <= TimeSpan.Zero)
        {
            DeadlinePassed();
            return false;
        }

        _deadline?.Start();
        _callerRegistration = Options.CancellationToken.UnsafeRegister(static state => ((HttpCall)state!).Cancel(), this);
        _channelRegistration = Channel.Closing.UnsafeRegister(static state => ((HttpCall)state!).ChannelClosed(), this);
        if (Outcome is null)
            return true;

        // The end may have come before the registrations were here to be taken back.
        Unregister();
        return false;
    }

    private async ValueTask ReceiveAsync(HttpResponseMessage response)
    {
        Volatile.Write(ref _response, response);
        if (Outcome is not null)
        {
            response.Dispose();
            return;
        }

        if (ResponseHead.TryGetOutcome(response) is { } outcome)
        {
            End(outcome);
            return;
        }

        string? encoding = ResponseHead.Encoding(response);
        Stream body = await response.Content.ReadAsStreamAsync(CancellationToken.None).ConfigureAwait(false);
        _body = PipeReader.Create(body, Channel.PipeOptions);
        Reader = new MessageReader(_body, Channel.MaxReceiveMessageSize, encoding);
    }

    private void EndLocally(Status status) => End(new CallOutcome(status, [], isLocalCancellation: true));

    private CallOutcome End(CallOutcome outcome)
    {
        CallOutcome? earlier = Interlocked.CompareExchange(ref _outcome, outcome, null);
        if (earlier is not null)
            return earlier;

        _deadline?.Dispose();
        Unregister();
        _requestStream?.Abandon(outcome.ToException(Channel.ThrowsOperationCanceled));
        if (outcome.Status.StatusCode != StatusCode.OK)
        {
            // What is not finished on the wire is reset: before the response by the token, after it by disposing of the response.
            _cancellation.Cancel();
            Channel.Log(this, outcome);
        }

        Volatile.Read(ref _response)?.Dispose();
        return outcome;
    }

    private void Unregister()
    {
        _callerRegistration.Unregister();
        _channelRegistration.Unregister();
    }

    private void DeadlinePassed() => EndLocally(DeadlineStatus(null));

    private void ChannelClosed() => EndLocally(new Status(StatusCode.Cancelled, "The channel was disposed of."));

    private TimeSpan? Remaining() => _deadline is null ? null : CallDeadline.Remaining(Channel.Clock, Options.Deadline!.Value);

    private static Status DeadlineStatus(Exception? cause) =>
        new(StatusCode.DeadlineExceeded, "The deadline passed before the call had ended.", cause);

    private CallOutcome EndedOutcome() =>
        Outcome ?? throw new InvalidOperationException("The call has not ended yet, so it has no status and no trailers.");
}
