using System.Buffers;
using System.Net;
using System.Net.Http.Headers;
using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// The HTTP way to one server: a bounded number of requests at a time, each with a bounded wait and a bounded reply, over connections
/// that are kept. Whatever goes wrong is a <see cref="BackendException"/> with one sentence. Safe to call from any thread.
/// </summary>
internal sealed class ServerConnection : IDisposable
{
    /// <summary>Error pages are read so far, and no further.</summary>
    private const int MostErrorBytes = 4096;

    /// <summary>Below the idle timeout of common servers (five seconds), so that a kept connection is rarely one they are closing.</summary>
    private static readonly TimeSpan IdleConnection = TimeSpan.FromSeconds(3);

    /// <summary>A name that has moved is looked up again after that.</summary>
    private static readonly TimeSpan LongestConnection = TimeSpan.FromMinutes(5);

    /// <summary>Longest wait for a word about the server's health, which needs no computing.</summary>
    private static readonly TimeSpan HealthTimeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _http;
    private readonly SemaphoreSlim _places;
    private readonly OpenAiOptions _options;
    private readonly ServerFaults _faults;
    private readonly TimeProvider _time;

    public ServerConnection(OpenAiOptions options, string? apiKey, TimeSpan retryAfter, TimeProvider time)
    {
        _options = options;
        _time = time;
        _places = new SemaphoreSlim(options.MaxConcurrentRequests);
        Uri root = new(options.Endpoint.TrimEnd('/') + "/");
        _faults = new ServerFaults(options.Endpoint.TrimEnd('/'), apiKey, retryAfter);
        _http = new HttpClient(new SocketsHttpHandler
        {
            AllowAutoRedirect = false,
            AutomaticDecompression = DecompressionMethods.None,
            MaxConnectionsPerServer = options.MaxConcurrentRequests + 1, // Looking at its health must not wait behind them.
            PooledConnectionLifetime = LongestConnection,
            PooledConnectionIdleTimeout = IdleConnection,
            UseCookies = false,
            UseProxy = false,
        })
        {
            BaseAddress = root,
            Timeout = Timeout.InfiniteTimeSpan, // Each call has its own.
            DefaultRequestVersion = HttpVersion.Version11,
            DefaultRequestHeaders = { Accept = { new MediaTypeWithQualityHeaderValue("application/json") } },
        };
        if (apiKey is not null)
            _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", apiKey);
    }

    /// <summary>For sentences: <c>The server at http://10.0.0.7:8000</c>.</summary>
    public string Name => _faults.Name;

    public Task<ServerReply> GetAsync(string path, int mostBytes, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Get, path, default, mostBytes, cancellationToken);

    /// <param name="path">Below the server's root.</param>
    /// <param name="body">JSON; not changed before the call has ended well.</param>
    /// <param name="mostBytes">A longer reply is refused.</param>
    /// <param name="cancellationToken">The caller has gone.</param>
    public Task<ServerReply> PostAsync(string path, ReadOnlyMemory<byte> body, int mostBytes, CancellationToken cancellationToken) =>
        SendAsync(HttpMethod.Post, path, body, mostBytes, cancellationToken);

    /// <summary>Null where the server says it is well, else why not. Takes no place among the requests.</summary>
    public async Task<SessionFault?> CheckHealthAsync(CancellationToken cancellationToken)
    {
        (SessionFault? fault, bool isMissing) = await CheckAsync("health", cancellationToken).ConfigureAwait(false);
        return isMissing ? (await CheckAsync("v1/models", cancellationToken).ConfigureAwait(false)).Fault : fault; // Gateways may hide it.
    }

    public void Dispose()
    {
        _http.Dispose();
        _places.Dispose();
    }

    private async Task<(SessionFault? Fault, bool IsMissing)> CheckAsync(string path, CancellationToken cancellationToken)
    {
        TimeSpan most = HealthTimeout < _options.RequestTimeout ? HealthTimeout : _options.RequestTimeout;
        using CancellationTokenSource limit = new(most, _time);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        try
        {
            using HttpResponseMessage response = await SendOnceAsync(HttpMethod.Get, path, default, timeout.Token).ConfigureAwait(false);
            return (response.IsSuccessStatusCode ? null : _faults.OfStatus(path, response, "").Fault, response.StatusCode == HttpStatusCode.NotFound);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (_faults.TooSlow(path, most).Fault, false);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            return (_faults.OfTransport(path, exception).Fault, false);
        }
    }

    private async Task<ServerReply> SendAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, int mostBytes, CancellationToken cancellationToken)
    {
        using CancellationTokenSource limit = new(_options.RequestTimeout, _time);
        using CancellationTokenSource timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, limit.Token);
        bool hasPlace = false;
        try
        {
            await _places.WaitAsync(timeout.Token).ConfigureAwait(false);
            hasPlace = true;
            using HttpResponseMessage response = await SendAgainAsync(method, path, body, timeout.Token).ConfigureAwait(false);
            return await ReadAsync(path, response, mostBytes, timeout.Token).ConfigureAwait(false);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw hasPlace ? _faults.TooSlow(path, _options.RequestTimeout, " (RequestTimeout)") : _faults.NoPlace(_options);
        }
        catch (Exception exception) when (exception is HttpRequestException or IOException)
        {
            throw _faults.OfTransport(path, exception);
        }
        finally
        {
            if (hasPlace)
                _places.Release();
        }
    }

    /// <summary>
    /// Repeats a request once that a kept connection lost before any reply: the server may have been closing it at that moment. The
    /// requests change nothing, so computing one twice is only a cost.
    /// </summary>
    private async Task<HttpResponseMessage> SendAgainAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        try
        {
            return await SendOnceAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        }
        catch (HttpRequestException exception) when (exception.HttpRequestError == HttpRequestError.ResponseEnded || exception.InnerException is IOException)
        {
            return await SendOnceAsync(method, path, body, cancellationToken).ConfigureAwait(false);
        }
    }

    private async Task<HttpResponseMessage> SendOnceAsync(HttpMethod method, string path, ReadOnlyMemory<byte> body, CancellationToken cancellationToken)
    {
        using HttpRequestMessage request = new(method, path) { Version = HttpVersion.Version11 };
        if (method == HttpMethod.Post)
            request.Content = new ReadOnlyMemoryContent(body) { Headers = { ContentType = new MediaTypeHeaderValue("application/json") } };
        return await _http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken).ConfigureAwait(false);
    }

    private async Task<ServerReply> ReadAsync(string path, HttpResponseMessage response, int mostBytes, CancellationToken cancellationToken)
    {
        bool isGood = response.StatusCode == HttpStatusCode.OK;
        if (isGood && response.Content.Headers.ContentLength > mostBytes)
            throw _faults.TooLong(path, mostBytes);
        using Stream stream = await response.Content.ReadAsStreamAsync(cancellationToken).ConfigureAwait(false);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(Math.Min(isGood ? mostBytes : MostErrorBytes, 16384));
        int length = 0;
        try
        {
            int most = isGood ? mostBytes : MostErrorBytes;
            while (length <= most)
            {
                if (length == buffer.Length)
                    buffer = Grow(buffer, length);
                int count = await stream.ReadAsync(buffer.AsMemory(length), cancellationToken).ConfigureAwait(false);
                if (count == 0)
                    break;
                length += count;
            }

            if (!isGood)
                throw _faults.OfStatus(path, response, ServerFaults.ErrorSentence(buffer.AsSpan(0, Math.Min(length, most))));
            if (length > most)
                throw _faults.TooLong(path, mostBytes);
            return new ServerReply(path, buffer, length, response.Content.Headers.ContentType?.MediaType, _faults);
        }
        catch
        {
            ArrayPool<byte>.Shared.Return(buffer);
            throw;
        }
    }

    private static byte[] Grow(byte[] buffer, int length)
    {
        byte[] larger = ArrayPool<byte>.Shared.Rent(2 * buffer.Length);
        buffer.AsSpan(0, length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(buffer);
        return larger;
    }
}
