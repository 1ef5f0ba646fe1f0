using System.Text.Json;
using CoLlm.Protocol.V1;
using CoLlm.Router.Admission;
using CoLlm.Router.Api;
using CoLlm.Router.Hosting;
using CoLlm.Router.OpenAi.Requests;
using CoLlm.Router.OpenAi.Responses;
using CoLlm.ServiceDefaults.Files;
using Grpc.Core;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.OpenAi;

/// <summary>
/// The door of the router for HTTP: makes a Generate request of a JSON one and JSON of its answer. What lies between is what a gRPC client gets.
/// </summary>
internal sealed class OpenAiService : IDisposable
{
    private readonly Answering _answering;
    private readonly RequestReader _reader;
    private readonly AdmissionOptions _admission;
    private readonly TimeProvider _time;
    private readonly ApiKeys? _keys;
    private readonly JsonDocuments _documents = new(Environment.ProcessorCount);
    private readonly long _since;
    private int _readingCount;

    /// <exception cref="SettingFileException">The file of keys cannot be used.</exception>
    public OpenAiService(Answering answering, RequestReader reader, RouterOptions options, TimeProvider time, ILogger<OpenAiService> logger)
    {
        (_answering, _reader, _admission, _time) = (answering, reader, options.Admission, time);
        _keys = options.ApiKeys is { } file ? new ApiKeys(file, time, logger) : null;
        _since = time.GetUtcNow().ToUnixTimeSeconds();
    }

    /// <summary>One answer, streamed or whole.</summary>
    public Task AnswerAsync(HttpContext context, bool isChat) => GuardAsync(context, async () =>
    {
        CompletionRequest request = await ReadAsync(context, isChat).ConfigureAwait(false);
        var answer = new AnswerJson(request, _time.GetUtcNow().ToUnixTimeSeconds());
        try
        {
            if (!request.Streams)
            {
                await _answering.AnswerAsync(request.Message, new WholeAnswer(context.Response, answer), context.RequestAborted).ConfigureAwait(false);
                return;
            }

            using EventStream events = new(context.Response, answer, request.IncludesUsage);
            await _answering.AnswerAsync(request.Message, events, context.RequestAborted).ConfigureAwait(false);
        }
        catch (RequestRefusedException refusal)
        {
            throw RequestFields.Translate(refusal, request.MaxTokensField);
        }
    });

    /// <summary>The models there are, or one of them.</summary>
    public Task ListModelsAsync(HttpContext context, string? name) => GuardAsync(context, async () =>
    {
        CollaborativeModel model = ModelMessages.Describe(_answering.Model, _reader.Options);
        if (name is not null)
            RequestReader.RequireModel(name, _answering.Model);
        Action<Utf8JsonWriter> write = name is null
            ? json => ModelListJson.WriteList(json, model, _since)
            : json => ModelListJson.WriteModel(json, model, _since);
        await JsonBody.WriteAsync(context.Response, write, context.RequestAborted).ConfigureAwait(false);
    });

    public static Task NotFoundAsync(HttpContext context) => new OpenAiError(
        StatusCodes.Status404NotFound,
        $"There is no such request here; there are GET {OpenAiEndpoints.Models}, POST {OpenAiEndpoints.Completions} and POST {OpenAiEndpoints.Chat}.")
        .WriteAsync(context.Response, context.RequestAborted);

    public void Dispose() => _documents.Dispose();

    /// <summary>Bodies are read before requests are admitted, so that is bounded by itself: by the requests that could be admitted or queued.</summary>
    private async Task<CompletionRequest> ReadAsync(HttpContext context, bool isChat)
    {
        int most = _admission.MaxConcurrentRequests + _admission.MaxQueuedRequests;
        try
        {
            if (Interlocked.Increment(ref _readingCount) > most)
                throw new RequestRefusedException(FailureReason.TooManyRequests, $"{most} requests are being read, which is the bound.", TimeSpan.FromSeconds(1));
            byte[] body = await JsonRequest.ReadAsync(context, _admission.MaxMessageBytes, _time).ConfigureAwait(false);
            string clientRequestId = context.Request.Headers["X-Client-Request-Id"].ToString();
            return await _documents.ReadAsync(body, root => CompletionRequest.Read(root, isChat, clientRequestId), context.RequestAborted).ConfigureAwait(false);
        }
        finally
        {
            Interlocked.Decrement(ref _readingCount);
        }
    }

    /// <summary>Tells the client of every refusal in its own form; one that is gone, or was given up, is told nothing.</summary>
    private async Task GuardAsync(HttpContext context, Func<Task> serve)
    {
        OpenAiError error;
        try
        {
            if (_keys?.Allow(context.Request.Headers.Authorization) == false)
                throw new OpenAiException(new OpenAiError(StatusCodes.Status401Unauthorized, "The request has no API key that is known here.", "invalid_api_key"));
            await serve().ConfigureAwait(false);
            return;
        }
        catch (OpenAiException refusal)
        {
            error = refusal.Error;
        }
        catch (RequestRefusedException refusal)
        {
            _answering.Refused(refusal);
            error = OpenAiError.Of(refusal);
        }
        catch (Exception exception) when (context.RequestAborted.IsCancellationRequested || exception is OperationCanceledException or RpcException)
        {
            if (!context.Response.HasStarted)
                context.Response.StatusCode = StatusCodes.Status499ClientClosedRequest;
            context.Abort();
            return;
        }

        await error.WriteAsync(context.Response, context.RequestAborted).ConfigureAwait(false);
    }
}
