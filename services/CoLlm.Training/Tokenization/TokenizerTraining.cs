using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using CoLlm.Training.Output;

namespace CoLlm.Training.Tokenization;

/// <summary>Trains a byte-level BPE tokenizer and writes it as the files that model hubs use.</summary>
public static class TokenizerTraining
{
    private static readonly JsonSerializerOptions Indented = new() { WriteIndented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>
    /// Trains on the texts and writes <c>tokenizer.json</c> and <c>tokenizer_config.json</c> into an existing folder. The same texts
    /// give the same bytes. Returns the number of ids, which is smaller than asked for where the text has too few frequent pairs.
    /// </summary>
    /// <exception cref="TrainingException">The options make no sense.</exception>
    public static int Write(string folder, IEnumerable<string> texts, TokenizerTrainingOptions options)
    {
        options.Validate();
        WordCounter words = new();
        foreach (string text in texts)
            words.Add(text);
        BpeTrainer trainer = new(words.Words);
        trainer.Run(options.VocabularySize - options.SpecialTokens.Count, options.MinPairCount);
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer.json"), TokenizerJson(trainer, options).ToJsonString(Indented) + "\n");
        AtomicFile.WriteText(Path.Combine(folder, "tokenizer_config.json"), ConfigJson(options).ToJsonString(Indented) + "\n");
        return trainer.Tokens.Count + options.SpecialTokens.Count;
    }

    private static JsonObject TokenizerJson(BpeTrainer trainer, TokenizerTrainingOptions options) => new()
    {
        ["version"] = "1.0",
        ["truncation"] = null,
        ["padding"] = null,
        ["added_tokens"] = new JsonArray([.. options.SpecialTokens.Select((token, i) => SpecialToken(token, trainer.Tokens.Count + i))]),
        ["normalizer"] = null,
        ["pre_tokenizer"] = new JsonObject
        {
            ["type"] = "Sequence",
            ["pretokenizers"] = new JsonArray(
                new JsonObject
                {
                    ["type"] = "Split",
                    ["pattern"] = new JsonObject { ["Regex"] = WordCounter.Pattern },
                    ["behavior"] = "Isolated",
                    ["invert"] = false,
                },
                ByteLevel()),
        },
        ["post_processor"] = options.BeginOfText is { } begin ? Template(begin, trainer.Tokens.Count + IndexOf(options.SpecialTokens, begin)) : ByteLevel(),
        ["decoder"] = ByteLevel(),
        ["model"] = new JsonObject
        {
            ["type"] = "BPE",
            ["dropout"] = null,
            ["unk_token"] = null,
            ["continuing_subword_prefix"] = null,
            ["end_of_word_suffix"] = null,
            ["fuse_unk"] = false,
            ["byte_fallback"] = false,
            ["ignore_merges"] = false,
            ["vocab"] = new JsonObject(trainer.Tokens.Select((token, id) => KeyValuePair.Create<string, JsonNode?>(token, id))),
            ["merges"] = new JsonArray([.. trainer.Merges.Select(merge => (JsonNode)$"{trainer.Tokens[merge.Left]} {trainer.Tokens[merge.Right]}")]),
        },
    };

    private static JsonObject ByteLevel() => new() { ["type"] = "ByteLevel", ["add_prefix_space"] = false, ["trim_offsets"] = true, ["use_regex"] = false };

    private static JsonObject SpecialToken(string content, int id) => new()
    {
        ["id"] = id,
        ["content"] = content,
        ["single_word"] = false,
        ["lstrip"] = false,
        ["rstrip"] = false,
        ["normalized"] = false,
        ["special"] = true,
    };

    // Puts the token before a single text, and before each of a pair.
    private static JsonObject Template(string begin, int id)
    {
        JsonObject Special(int type) => new() { ["SpecialToken"] = new JsonObject { ["id"] = begin, ["type_id"] = type } };
        JsonObject Sequence(string name, int type) => new() { ["Sequence"] = new JsonObject { ["id"] = name, ["type_id"] = type } };
        return new JsonObject
        {
            ["type"] = "TemplateProcessing",
            ["single"] = new JsonArray(Special(0), Sequence("A", 0)),
            ["pair"] = new JsonArray(Special(0), Sequence("A", 0), Special(1), Sequence("B", 1)),
            ["special_tokens"] = new JsonObject
            {
                [begin] = new JsonObject { ["id"] = begin, ["ids"] = new JsonArray(id), ["tokens"] = new JsonArray(begin) },
            },
        };
    }

    private static JsonObject ConfigJson(TokenizerTrainingOptions options)
    {
        JsonObject config = new()
        {
            ["tokenizer_class"] = "PreTrainedTokenizerFast",
            ["bos_token"] = options.BeginOfText,
            ["eos_token"] = options.EndOfText,
            ["clean_up_tokenization_spaces"] = false,
        };
        if (options.ChatTemplate is not null)
            config["chat_template"] = options.ChatTemplate;
        return config;
    }

    private static int IndexOf(IReadOnlyList<string> tokens, string token) => tokens.TakeWhile(other => other != token).Count();
}
