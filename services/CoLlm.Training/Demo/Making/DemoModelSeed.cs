using CoLlm.Inference.Tokenization;
using CoLlm.Training.Output;
using CoLlm.Training.Tokenization;

namespace CoLlm.Training.Demo.Making;

/// <summary>What a demo model is before it has weights: a configuration and the tokenizer that all share.</summary>
internal static class DemoModelSeed
{
    public const string Begin = "<|begin|>";
    public const string End = "<|end|>";
    public const string User = "<|user|>";
    public const string Assistant = "<|assistant|>";

    /// <summary>A question stands right behind its mark and so does the answer: no space or line end that one side could get wrong.</summary>
    private const string ChatTemplate =
        "{{ bos_token }}{% for message in messages %}{% if message['role'] == 'assistant' %}" + Assistant + "{{ message['content'] }}" + End
        + "{% else %}" + User + "{{ message['content'] }}{% endif %}{% endfor %}{% if add_generation_prompt %}" + Assistant + "{% endif %}";

    /// <summary>Trains the tokenizer on texts and writes it into a new folder.</summary>
    public static void WriteTokenizer(string folder, IEnumerable<string> texts, int vocabularySize) =>
        AtomicFolder.Write(folder, partial => TokenizerTraining.Write(partial, texts, new TokenizerTrainingOptions
        {
            VocabularySize = vocabularySize,
            SpecialTokens = [Begin, End, User, Assistant],
            BeginOfText = Begin,
            EndOfText = End,
            ChatTemplate = ChatTemplate,
        }));

    /// <summary>Writes a folder with the tokenizer of another and a configuration.</summary>
    public static void Write(string folder, string tokenizerFolder, DemoModelShape shape, int maxPositions)
    {
        Tokenizer tokenizer = Tokenizer.Load(tokenizerFolder);
        AtomicFolder.Write(folder, partial =>
        {
            foreach (string file in Directory.EnumerateFiles(tokenizerFolder))
                File.Copy(file, Path.Combine(partial, Path.GetFileName(file)));
            AtomicFile.WriteText(
                Path.Combine(partial, "config.json"),
                shape.ToConfigJson(tokenizer.VocabularySize, tokenizer.BosTokenId!.Value, tokenizer.EosTokenId!.Value, maxPositions));
        });
    }
}
