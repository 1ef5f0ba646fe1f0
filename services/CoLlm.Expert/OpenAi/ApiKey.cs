using CoLlm.Expert.Sessions;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>Finds the bearer token of a server. It is never part of a sentence.</summary>
internal static class ApiKey
{
    private const int LongestKey = 8192;

    /// <summary>The token; null where none is configured.</summary>
    /// <exception cref="Models.BackendException">It is configured but is not there, or is no token.</exception>
    public static string? Read(OpenAiOptions options)
    {
        if (options.ApiKeyFile.Length == 0 && options.ApiKeyVariable.Length == 0)
            return null;
        bool isFile = options.ApiKeyFile.Length > 0;
        string where = isFile ? $"the file {options.ApiKeyFile} (ApiKeyFile)" : $"the environment variable {options.ApiKeyVariable} (ApiKeyVariable)";
        string? text = isFile ? ReadFile(options.ApiKeyFile, where) : Environment.GetEnvironmentVariable(options.ApiKeyVariable);
        string key = (text ?? "").Split('\n')[0].Trim();
        if (key.Length == 0)
            throw Problem($"There is no API key in {where}.");
        return key.Any(character => character is <= ' ' or > '~') ? throw Problem($"The API key in {where} has characters that no header may have.") : key;
    }

    private static string ReadFile(string path, string where)
    {
        try
        {
            return new FileInfo(path).Length > LongestKey ? throw Problem($"The API key in {where} is longer than {LongestKey} bytes.") : File.ReadAllText(path);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw Problem($"The API key cannot be read from {where}: {exception.Message}");
        }
    }

    private static Models.BackendException Problem(string sentence) => new(new SessionFault(FailureReason.Internal, sentence));
}
