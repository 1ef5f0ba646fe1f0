using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// A model's tokenizer without its weights. <c>config.json</c> beside it is read for what the tokenizer does not say, whatever the
/// architecture: it is the server that must run it.
/// </summary>
/// <param name="Tokenizer">The tokenizer.</param>
/// <param name="VocabularySize">Rows of the output layer, as far as the directory says.</param>
/// <param name="EosTokenIds">Ids that end an answer.</param>
/// <param name="Architecture">In the model hub's words; empty where it is not said.</param>
internal sealed record TokenizerDirectory(Tokenizer Tokenizer, int VocabularySize, IReadOnlyList<int> EosTokenIds, string Architecture)
{
    private const int MostConfigBytes = 4 << 20;

    /// <exception cref="CheckpointException">There is no tokenizer, or a file is broken.</exception>
    public static TokenizerDirectory Read(string directory)
    {
        Tokenizer tokenizer = Tokenizer.Load(directory);
        int vocabulary = tokenizer.VocabularySize;
        List<int> eos = tokenizer.EosTokenId is { } id ? [id] : [];
        string architecture = "";
        foreach (string name in (ReadOnlySpan<string>)["config.json", "generation_config.json"])
        {
            string path = Path.Combine(directory, name);
            if (!File.Exists(path))
                continue;
            using JsonDocument document = Parse(path);
            vocabulary = Math.Max(vocabulary, ServerReply.FindInt(document.RootElement, "vocab_size") ?? 0);
            architecture = ServerReply.FindText(document.RootElement, "model_type") ?? architecture;
            eos.AddRange(Ids(document.RootElement, "eos_token_id"));
        }

        return new TokenizerDirectory(tokenizer, vocabulary, [.. eos.Where(token => token < vocabulary).Distinct()], architecture);
    }

    private static JsonDocument Parse(string path)
    {
        try
        {
            return new FileInfo(path).Length > MostConfigBytes
                ? throw new CheckpointException($"{path}: the file is longer than {MostConfigBytes} bytes.")
                : JsonDocument.Parse(File.ReadAllBytes(path));
        }
        catch (JsonException exception)
        {
            throw new CheckpointException($"{path}: the file is no JSON: {exception.Message}");
        }
    }

    private static IEnumerable<int> Ids(JsonElement config, string name) => ServerReply.Find(config, name) switch
    {
        { ValueKind: JsonValueKind.Number } => ServerReply.FindInt(config, name) is { } id ? [id] : [],
        { ValueKind: JsonValueKind.Array } list => [.. list.EnumerateArray().Select(element => element.ValueKind == JsonValueKind.Number && element.TryGetInt32(out int id) ? id : -1).Where(id => id >= 0)],
        _ => [],
    };
}
