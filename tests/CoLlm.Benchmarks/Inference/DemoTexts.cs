using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Inference;

/// <summary>A text whose perplexity is measured.</summary>
/// <param name="Tokens">All of it.</param>
/// <param name="From">The first token that counts; at least 1.</param>
internal sealed record MeasuredText(int[] Tokens, int From)
{
    public int MeasuredTokens => Tokens.Length - From;
}

/// <summary>Text for the demo's trained models, from the evaluation items that none of their questions were trained on.</summary>
internal static class DemoTexts
{
    public static string[] Models => ["base", "mathematics", "medicine"];

    public static string DirectoryOf(string model) => Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", model);

    public static MeasuredText[] Read(string model)
    {
        Tokenizer tokenizer = Tokenizer.Load(DirectoryOf(model));
        ChatTemplate template = ChatTemplate.Load(DirectoryOf(model))!;
        string tasks = Path.Combine(RepositoryPaths.Root, "deploy", "models", "demo", "data", "tasks");
        List<MeasuredText> texts = [];
        foreach (string line in Directory.GetFiles(tasks, "*.jsonl").Order(StringComparer.Ordinal).SelectMany(File.ReadLines))
        {
            using JsonDocument item = JsonDocument.Parse(line);
            string Text(string name) => item.RootElement.GetProperty(name).GetString()!;
            if (model == "base")
                texts.Add(Answer(tokenizer, template, Text("question"), Text("reference")));
            else if (model == Text("expert"))
                texts.Add(new MeasuredText([tokenizer.BosTokenId!.Value, .. tokenizer.Encode(FirstSentence(Text("reference")), addSpecial: false)], 1));
        }

        return [.. texts];
    }

    /// <summary>What an expert has read; the sentence after it is the base's alone.</summary>
    private static string FirstSentence(string answer) =>
        answer.IndexOf(". ", StringComparison.Ordinal) is >= 0 and var end ? answer[..(end + 1)] : answer;

    private static MeasuredText Answer(Tokenizer tokenizer, ChatTemplate template, string question, string answer)
    {
        string prompt = template.Render(new Dictionary<string, object?>
        {
            ["messages"] = new object?[] { new Dictionary<string, object?> { ["role"] = "user", ["content"] = question } },
            ["add_generation_prompt"] = true,
            ["bos_token"] = tokenizer.TokenText(tokenizer.BosTokenId!.Value),
        });
        int[] before = tokenizer.Encode(prompt, addSpecial: false);
        return new MeasuredText([.. before, .. tokenizer.Encode(answer, addSpecial: false)], before.Length);
    }
}
