using System.CommandLine;
using System.Text.Json;
using CoLlm.Cli.JsonLines;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm detokenize</c>: token ids to text, at once or as a stream would release it.</summary>
internal static class DetokenizeCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Directory with the tokenizer's files; nothing else in it is needed.");
        Option<bool> stream = new("--stream")
        {
            Description = "Also write \"pieces\": the text that each token releases when tokens come one by one; what the end of the "
                + "stream releases is joined to the last one.",
        };
        var command = new Command(
            "detokenize",
            "Reads lines {\"ids\": [integer, ...], \"skip_special\": true|false (default false)}; writes {\"text\": string} for each.")
        {
            model,
            stream,
        };
        return JsonLineCommand.WithLines(
            command, streams, result => Answer(Tokenizer.Load(result.GetRequiredValue(model)), result.GetValue(stream)));
    }

    private static JsonLineHandler Answer(Tokenizer tokenizer, bool streams) => (line, answer, _) =>
    {
        int[] ids = line.RequiredTokenIds("ids");
        bool skipSpecial = line.OptionalBoolean("skip_special", otherwise: false);
        if (streams)
            WriteStream(answer, tokenizer.CreateDetokenizer(skipSpecial), ids);
        else
            answer.WriteString("text", tokenizer.Decode(ids, skipSpecial));
        return ValueTask.CompletedTask;
    };

    private static void WriteStream(Utf8JsonWriter answer, StreamingDetokenizer detokenizer, int[] ids)
    {
        string[] pieces = [.. ids.Select(id => detokenizer.Append(id))];
        if (pieces.Length > 0)
            pieces[^1] += detokenizer.Finish();
        answer.WriteString("text", string.Concat(pieces));
        answer.WriteStartArray("pieces");
        foreach (string piece in pieces)
            answer.WriteStringValue(piece);
        answer.WriteEndArray();
    }
}
