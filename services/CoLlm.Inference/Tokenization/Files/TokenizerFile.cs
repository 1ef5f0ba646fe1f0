using System.Text;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Reads the files of a tokenizer under a bound on their size; every failure is one sentence that names the file.</summary>
internal static class TokenizerFile
{
    /// <summary>Largest tokenizer file that is read, in bytes: 256 MiB (the largest published ones have about 30).</summary>
    public const long MaxBytes = 256L << 20;

    /// <summary>Token ids are below this bound: 2^24.</summary>
    public const int MaxVocabularySize = 1 << 24;

    public static byte[] ReadBytes(string path)
    {
        try
        {
            using FileStream stream = File.OpenRead(path);
            if (stream.Length > MaxBytes)
                throw new CheckpointException($"{path}: the file has {stream.Length} bytes, more than the bound of {MaxBytes}.");
            var bytes = new byte[stream.Length];
            stream.ReadExactly(bytes);
            return bytes;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path}: the file cannot be read: {exception.Message}", exception);
        }
    }

    /// <summary>Parses a JSON file; null when there is none.</summary>
    public static JsonDocument? ReadJson(string path) => File.Exists(path) ? ParseJson(path, ReadBytes(path)) : null;

    public static JsonDocument ParseJson(string path, byte[] bytes)
    {
        try
        {
            ReadOnlyMemory<byte> content = bytes.AsSpan().StartsWith("\uFEFF"u8) ? bytes.AsMemory(3) : bytes;
            return JsonDocument.Parse(content);
        }
        catch (JsonException exception)
        {
            throw new CheckpointException($"{path}: the file is not valid JSON: {exception.Message}", exception);
        }
    }

    public static string ReadText(string path)
    {
        try
        {
            return new UTF8Encoding(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true).GetString(ReadBytes(path));
        }
        catch (DecoderFallbackException exception)
        {
            throw new CheckpointException($"{path}: the file is not valid UTF-8: {exception.Message}", exception);
        }
    }
}
