using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization.Files;

namespace CoLlm.Inference.ChatTemplates;

/// <summary>
/// Finds a checkpoint's template: <c>chat_template.jinja</c> or <c>additional_chat_templates/NAME.jinja</c>, else the
/// <c>chat_template</c> of <c>tokenizer_config.json</c>, which is a string or a list of named ones.
/// </summary>
internal static class ChatTemplateFiles
{
    private const string DefaultName = "default";

    private static readonly string[] SpecialTokens =
        ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    /// <returns>Where it was found and its source; null when the directory has none of that name.</returns>
    /// <exception cref="CheckpointException">A file cannot be read.</exception>
    public static (string Place, string Source)? Find(string directory, string? name)
    {
        string file = name is null or DefaultName
            ? Path.Combine(directory, "chat_template.jinja")
            : Path.Combine(directory, "additional_chat_templates", Path.GetFileName(name) + ".jinja");
        if (File.Exists(file))
            return (file, TokenizerFile.ReadText(file));

        string path = Path.Combine(directory, "tokenizer_config.json");
        using JsonDocument? document = TokenizerFile.ReadJson(path);
        if (document is null)
            return null;
        JsonPlace templates = new JsonPlace(document.RootElement, path, string.Empty).Get("chat_template");
        if (templates.IsNull)
            return null;
        if (templates.IsString)
            return name is null or DefaultName ? ($"{path}: chat_template", templates.AsString()) : null;
        foreach (JsonPlace item in templates.Items())
        {
            string itemName = item.Get("name").AsString();
            if (itemName == (name ?? DefaultName))
                return ($"{path}: chat_template \"{itemName}\"", item.Get("template").AsString());
        }

        return null;
    }

    /// <summary>The special tokens that the configuration names: variables of every rendering.</summary>
    public static Dictionary<string, string> ReadSpecialTokens(string directory)
    {
        DeclaredTokens declared = DeclaredTokens.Read(directory);
        Dictionary<string, string> tokens = [];
        foreach (string role in SpecialTokens)
        {
            if (declared.RoleOf(role) is { } content)
                tokens[role] = content;
        }

        return tokens;
    }
}
