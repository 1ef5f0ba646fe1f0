using System.Text.Json;

namespace CoLlm.Inference.Checkpoints;

/// <summary>Reads a small JSON file whole, refusing what is too large, broken or ambiguous.</summary>
internal static class JsonFile
{
    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Parses the file into a document that the caller disposes.</summary>
    /// <exception cref="CheckpointException">It cannot be read, is larger than the bound, is not JSON, or repeats a key.</exception>
    public static JsonDocument Read(string path, int maxBytes)
    {
        string file = Path.GetFileName(path);
        try
        {
            using FileStream stream = new(path, FileMode.Open, FileAccess.Read, FileShare.Read);
            if (stream.Length > maxBytes)
                throw new CheckpointException($"{file}: its {stream.Length} bytes are more than the {maxBytes} that are read.");
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return JsonDocument.Parse(content, Strict);
        }
        catch (JsonException e) when (e.LineNumber is null)
        {
            throw new CheckpointException($"{file}: broken JSON, an object in it names a key twice.", e);
        }
        catch (JsonException e)
        {
            throw new CheckpointException($"{file}: broken JSON at line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.", e);
        }
        catch (InvalidOperationException e)
        {
            throw new CheckpointException($"{file}: broken JSON, a key is not valid Unicode.", e);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{file}: cannot be read, {e.Message}", e);
        }
    }
}
