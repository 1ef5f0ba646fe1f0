using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CoLlm.Cli.JsonLines;

/// <summary>Answers one JSON object by writing properties into the (already opened) answer object.</summary>
internal delegate ValueTask JsonLineHandler(JsonElement line, Utf8JsonWriter answer, CancellationToken cancellationToken);

/// <summary>
/// JSON lines in, JSON lines out: one answer per line, in order. A line that fails is answered <c>{"error": "..."}</c> and the
/// run goes on. Answers are flushed whenever the next read could wait, so that a conversation over pipes works.
/// </summary>
internal static class JsonLineRun
{
    /// <summary>Longest input line in bytes: 64 MiB.</summary>
    public const int DefaultMaxLineBytes = 64 << 20;

    /// <summary>Deepest nesting of arrays and objects in an input line.</summary>
    public const int MaxDepth = 256;

    /// <summary>Reads to the end of <paramref name="input"/>; returns how many lines failed.</summary>
    public static async Task<long> AnswerAllAsync(
        Stream input, Stream output, JsonLineHandler handler, CancellationToken cancellationToken, int maxLineBytes = DefaultMaxLineBytes)
    {
        await using var buffered = new BufferedStream(output, 1 << 16);
        var reader = new JsonLineReader(input, maxLineBytes, buffered.Flush);
        var answer = new ArrayBufferWriter<byte>();
        long failures = 0;
        while (await reader.ReadAsync(cancellationToken))
        {
            string? error = reader.IsTooLong
                ? $"The line is longer than the bound of {maxLineBytes} bytes."
                : await AnswerAsync(reader.Line, answer, handler, cancellationToken);
            if (error is not null)
            {
                failures++;
                WriteError(answer, error);
            }

            buffered.Write(answer.WrittenSpan);
            buffered.WriteByte((byte)'\n');
            answer.ResetWrittenCount();
        }

        return failures;
    }

    /// <summary>Writes the answer; or returns the sentence that says why there is none.</summary>
    private static async ValueTask<string?> AnswerAsync(
        ReadOnlyMemory<byte> line, ArrayBufferWriter<byte> answer, JsonLineHandler handler, CancellationToken cancellationToken)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(line, new JsonDocumentOptions { MaxDepth = MaxDepth });
            if (document.RootElement.ValueKind != JsonValueKind.Object)
                return "The line is not a JSON object.";
            await using var writer = new Utf8JsonWriter(answer, WriterOptions);
            writer.WriteStartObject();
            await handler(document.RootElement, writer, cancellationToken);
            writer.WriteEndObject();
            return null;
        }
        catch (JsonException exception)
        {
            return $"The line is not valid JSON: {exception.Message}";
        }
        catch (Exception exception) when (exception is not (OperationCanceledException or OutOfMemoryException))
        {
            return exception.Message;
        }
    }

    private static void WriteError(ArrayBufferWriter<byte> answer, string sentence)
    {
        answer.ResetWrittenCount();
        using var writer = new Utf8JsonWriter(answer, WriterOptions);
        writer.WriteStartObject();
        writer.WriteString("error", sentence);
        writer.WriteEndObject();
    }

    /// <summary>Text is written as it is; only what JSON itself asks for is escaped.</summary>
    private static JsonWriterOptions WriterOptions => new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, MaxDepth = MaxDepth };
}
