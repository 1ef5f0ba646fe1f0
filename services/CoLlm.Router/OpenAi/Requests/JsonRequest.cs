using System.Buffers;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>Reads the body of a request: bounded in bytes and time.</summary>
internal static class JsonRequest
{
    /// <summary>How long a client may take to send it.</summary>
    private static readonly TimeSpan ReadTime = TimeSpan.FromSeconds(30);

    /// <exception cref="OpenAiException">It is too large or too slow, or of another type.</exception>
    public static Task<byte[]> ReadAsync(HttpContext context, int maxBytes, TimeProvider time)
    {
        if (!context.Request.HasJsonContentType())
        {
            throw Refuse(
                StatusCodes.Status415UnsupportedMediaType,
                "The request's Content-Type must be application/json: other types may be sent by any web page that a browser shows.");
        }

        return ReadBodyAsync(context, maxBytes, time);
    }

    public static OpenAiException Refuse(int status, string sentence) => new(new OpenAiError(status, sentence));

    private static async Task<byte[]> ReadBodyAsync(HttpContext context, int maxBytes, TimeProvider time)
    {
        OpenAiException tooLarge = Refuse(StatusCodes.Status413PayloadTooLarge, $"The request has more than {maxBytes} bytes, which is the bound.");
        if (context.Request.ContentLength > maxBytes)
            throw tooLarge;
        using CancellationTokenSource patience = new(ReadTime, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(patience.Token, context.RequestAborted);
        PipeReader reader = context.Request.BodyReader;
        try
        {
            while (true)
            {
                ReadResult read = await reader.ReadAsync(either.Token).ConfigureAwait(false);
                if (read.Buffer.Length > maxBytes)
                    throw tooLarge;
                if (read.IsCompleted)
                {
                    byte[] body = read.Buffer.ToArray();
                    reader.AdvanceTo(read.Buffer.End);
                    return body;
                }

                reader.AdvanceTo(read.Buffer.Start, read.Buffer.End);
            }
        }
        catch (OperationCanceledException) when (patience.IsCancellationRequested && !context.RequestAborted.IsCancellationRequested)
        {
            throw Refuse(StatusCodes.Status408RequestTimeout, $"The request did not arrive within {ReadTime.TotalSeconds:0} s, which is the bound.");
        }
        catch (BadHttpRequestException exception)
        {
            throw Refuse(exception.StatusCode, $"The request cannot be read: {exception.Message}");
        }
    }
}
