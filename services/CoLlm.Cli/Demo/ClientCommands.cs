using System.Text.Encodings.Web;
using System.Text.Json;
using CoLlm.Cli.Serving;

namespace CoLlm.Cli.Demo;

/// <summary>Lines that a person can paste into a shell to ask a router.</summary>
internal static class ClientCommands
{
    private static readonly JsonSerializerOptions AsWritten = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <param name="executable">This program.</param>
    /// <param name="router">Where the router serves gRPC.</param>
    /// <param name="http">Where it serves OpenAI's HTTP API.</param>
    /// <param name="question">What is asked.</param>
    public static IEnumerable<string> For(ServiceExecutable executable, Uri router, Uri http, string question)
    {
        string program = string.Join(' ', executable.FirstArguments.Prepend(executable.File).Select(NearPath).Select(Quoted));
        object[] messages = [new { role = "user", content = question }];
        string request = JsonSerializer.Serialize(new { chat = new { messages } }, AsWritten);
        yield return $"{program} generate --address {router.GetLeftPart(UriPartial.Authority)} --chat {Quoted(question)}";
        yield return $"curl -N {new Uri(http, "v1/chat/completions")} -H 'Content-Type: application/json' -d {Quoted(JsonSerializer.Serialize(new { stream = true, messages }, AsWritten))}";
        yield return $"grpcurl -plaintext -d {Quoted(request)} {router.Authority} collm.v1.Generation/Generate";
    }

    /// <summary>The text as one word of a POSIX shell.</summary>
    internal static string Quoted(string text) =>
        text.Length > 0 && text.All(character => char.IsAsciiLetterOrDigit(character) || "/._-:=+".Contains(character, StringComparison.Ordinal))
            ? text
            : $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";

    /// <summary>A path as it is shortest from here.</summary>
    private static string NearPath(string path)
    {
        string relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.Length < path.Length && relative.Contains(Path.DirectorySeparatorChar, StringComparison.Ordinal) ? relative : path;
    }
}
