using System.CommandLine;
using CoLlm.Cli.JsonLines;
using CoLlm.Inference.ChatTemplates;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm render</c>: template variables to the prompt that a chat template makes of them.</summary>
internal static class RenderCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create(
            "Directory whose chat_template.jinja or tokenizer_config.json holds the template; its special tokens are variables as well.",
            required: false);
        Option<FileInfo> template = new("--template")
        {
            Description = "File with the template, instead of --model.",
            HelpName = "FILE",
        };
        var command = new Command(
            "render",
            "Reads lines with an object of template variables (\"messages\", \"add_generation_prompt\", \"tools\", ...); "
            + "writes {\"text\": string} for each. Variables that are not given are undefined, except that \"tools\" is none.")
        {
            model,
            template,
        };
        command.Validators.Add(result =>
        {
            if (result.GetResult(model) is null == result.GetResult(template) is null)
                result.AddError("Give either --model or --template.");
        });
        return JsonLineCommand.WithLines(
            command, streams, result => Answer(Load(result.GetValue(model), result.GetValue(template))));
    }

    private static ChatTemplate Load(string? model, FileInfo? template)
    {
        if (template is not null)
            return ChatTemplate.LoadFile(template.FullName);
        return ChatTemplate.Load(model!)
            ?? throw new JsonLineException($"{model}: neither chat_template.jinja nor tokenizer_config.json holds a chat template.");
    }

    private static JsonLineHandler Answer(ChatTemplate template) => (line, answer, _) =>
    {
        answer.WriteString("text", template.Render(line));
        return ValueTask.CompletedTask;
    };
}
