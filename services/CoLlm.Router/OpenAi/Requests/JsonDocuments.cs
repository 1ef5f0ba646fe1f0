using System.Buffers;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using CoLlm.Router.Api;
using Microsoft.AspNetCore.Http;

namespace CoLlm.Router.OpenAi.Requests;

/// <summary>
/// Makes documents of bodies, a few at a time, and keeps none longer than it is read: a document takes several times the memory of its body.
/// Safe to use from any thread.
/// </summary>
/// <param name="most">Documents that there may be at the same time; others wait, as many as there are bodies.</param>
internal sealed class JsonDocuments(int most) : IDisposable
{
    private const int MaxDepth = 32;

    private static readonly JsonDocumentOptions Options = new() { MaxDepth = MaxDepth, AllowDuplicateProperties = false };

    private readonly SemaphoreSlim _places = new(most);

    /// <summary>Reads one body.</summary>
    /// <param name="body">UTF-8.</param>
    /// <param name="read">Takes from the root what is wanted of it; the document is gone when it returns.</param>
    /// <param name="cancellationToken">The client is gone.</param>
    /// <exception cref="RequestRefusedException">It is no text; or whatever <paramref name="read"/> refuses.</exception>
    /// <exception cref="OpenAiException">It is no JSON.</exception>
    public async Task<T> ReadAsync<T>(byte[] body, Func<JsonElement, T> read, CancellationToken cancellationToken)
    {
        await _places.WaitAsync(cancellationToken).ConfigureAwait(false);
        try
        {
            return Read(body, read);
        }
        finally
        {
            _places.Release();
        }
    }

    public void Dispose() => _places.Dispose();

    private static T Read<T>(byte[] body, Func<JsonElement, T> read)
    {
        if (!Utf8.IsValid(body))
            throw JsonFields.Refuse("", $"The request is no UTF-8: byte {FirstInvalid(body)} belongs to no character.");
        try
        {
            using JsonDocument document = JsonDocument.Parse(body, Options);
            return read(document.RootElement);
        }
        catch (JsonException exception)
        {
            throw JsonRequest.Refuse(StatusCodes.Status400BadRequest, $"The request is no JSON: {exception.Message}");
        }
        catch (InvalidOperationException)
        {
            // What the JSON reader lets through and its strings do not: half a surrogate pair, in a name at once, in a value when it is read.
            throw JsonFields.Refuse("", "The request has text with half a character (a lone surrogate), which is none.");
        }
    }

    private static int FirstInvalid(ReadOnlySpan<byte> body)
    {
        int position = 0;
        while (Rune.DecodeFromUtf8(body[position..], out _, out int length) == OperationStatus.Done)
            position += length;
        return position;
    }
}
