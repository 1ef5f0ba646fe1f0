using System.Diagnostics;
using System.Globalization;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;

namespace Grpc.Server.Calls;

/// <summary>When a call ends, and for whom: its method returned, its time is up, or its client left.</summary>
internal sealed class CallLifetime(HttpContext context, CallResponse response) : IAsyncDisposable
{
    private const int NoError = 0;
    private const int CancelCode = 8;

    private static readonly Status DeadlineExceeded = new(StatusCode.DeadlineExceeded, "Deadline Exceeded");

    private CallDeadline? _deadline;
    private CancellationTokenSource? _cancellation;
    private TaskCompletionSource? _endedAtDeadline;

    /// <summary>When the time is up (UTC).</summary>
    public DateTime Deadline => _deadline?.Deadline ?? DateTime.MaxValue;

    /// <summary>Cancelled when the client has gone or the time is up.</summary>
    public CancellationToken Token { get; private set; } = context.RequestAborted;

    /// <summary>Begins to watch the time that the client gives the call, if it says one.</summary>
    /// <exception cref="RpcException">The header is no timeout (INTERNAL).</exception>
    public void Begin(TimeProvider time)
    {
        string? header = context.Request.Headers[ProtocolHeaders.Timeout];
        if (header is null)
            return;

        if (!GrpcTimeout.TryParse(header, out TimeSpan timeout))
            throw new RpcException(new Status(StatusCode.Internal, $"The grpc-timeout '{header}' is not up to eight digits and a unit."));

        _endedAtDeadline = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        _cancellation = CancellationTokenSource.CreateLinkedTokenSource(context.RequestAborted);
        Token = _cancellation.Token;
        _deadline = new CallDeadline(time, timeout, () => _ = EndAtDeadlineAsync());
        _deadline.Start();
    }

    /// <summary>Ends the call with its status, unless it ended at its deadline.</summary>
    public async ValueTask EndAsync(Status status, string method)
    {
        if (response.TryEnd(out Task written))
        {
            await written.ConfigureAwait(false);
            response.SetStatus(status, response.Trailers);
        }
        else
        {
            status = DeadlineExceeded;
            await _endedAtDeadline!.Task.ConfigureAwait(false);
        }

        if (context.Features.Get<IHttpActivityFeature>()?.Activity is { IsAllDataRequested: true } activity)
            Tag(activity, method, status);
    }

    /// <summary>Ends the call on the wire without a status, as a client does that gives it up.</summary>
    public void Cancel() => Reset(CancelCode);

    public async ValueTask DisposeAsync()
    {
        if (_deadline is null)
            return;

        await _deadline.DisposeAsync().ConfigureAwait(false);
        _cancellation!.Dispose();
    }

    private async Task EndAtDeadlineAsync()
    {
        if (!response.TryEnd(out Task written))
        {
            // The method has returned and left a write behind that the client does not take.
            if (!written.IsCompleted)
                Reset(CancelCode);

            return;
        }

        try
        {
            // The token turns at once; what hangs on it runs elsewhere and does not delay the status.
            _ = _cancellation!.CancelAsync();
            if (!written.IsCompleted)
            {
                Reset(CancelCode);
                return;
            }

            response.SetStatus(DeadlineExceeded, Metadata.Empty);
            await context.Response.CompleteAsync().ConfigureAwait(false);

            // Ends the method's reads too; the client has its status already.
            Reset(NoError);
        }
        catch (Exception exception) when (exception is IOException or OperationCanceledException or InvalidOperationException)
        {
            Reset(CancelCode);
        }
        finally
        {
            _endedAtDeadline!.TrySetResult();
        }
    }

    private void Reset(int errorCode)
    {
        if (context.Features.Get<IHttpResetFeature>() is { } reset)
            reset.Reset(errorCode);
        else
            context.Abort();
    }

    private static void Tag(Activity activity, string method, Status status)
    {
        activity.SetTag("grpc.method", method);
        activity.SetTag("grpc.status_code", ((int)status.StatusCode).ToString(CultureInfo.InvariantCulture));
    }
}
