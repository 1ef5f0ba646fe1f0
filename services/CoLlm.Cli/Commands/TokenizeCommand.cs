using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm tokenize</c>: text to token ids.</summary>
internal static class TokenizeCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Directory with the tokenizer's files; nothing else in it is needed.");
        var command = new Command(
            "tokenize",
            "Reads lines {\"text\": string, \"add_special\": true|false (default true)}; writes {\"ids\": [integer, ...]} for each.")
        {
            model,
        };
        return JsonLineCommand.WithLines(command, streams, result => Answer(Tokenizer.Load(result.GetRequiredValue(model))));
    }

    private static JsonLineHandler Answer(Tokenizer tokenizer) => (line, answer, _) =>
    {
        answer.WriteStartArray("ids");
        foreach (int id in tokenizer.Encode(line.RequiredString("text"), line.OptionalBoolean("add_special", otherwise: true)))
            answer.WriteNumberValue(id);
        answer.WriteEndArray();
        return ValueTask.CompletedTask;
    };
}
