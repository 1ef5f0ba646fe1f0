using System.Globalization;
using System.Text.Json;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>
/// What the files beside the tokenizer itself say: <c>tokenizer_config.json</c>, <c>special_tokens_map.json</c> and
/// <c>added_tokens.json</c>, each optional.
/// </summary>
internal sealed class DeclaredTokens
{
    private static readonly string[] NamedRoles =
        ["bos_token", "eos_token", "unk_token", "pad_token", "sep_token", "cls_token", "mask_token"];

    private readonly Dictionary<string, string> _roles = [];
    private readonly HashSet<string> _named = [];
    private readonly Dictionary<int, AddedToken> _added = [];

    /// <summary>True: at least one of the files exists, so that tokens written in text are meant to be recognised.</summary>
    public bool IsDeclared { get; private set; }

    /// <summary>Tokens with their ids, ascending.</summary>
    public IEnumerable<AddedToken> Added => _added.Values.OrderBy(token => token.Id);

    /// <summary>The contents that play a named part or are listed as special.</summary>
    public IReadOnlySet<string> Named => _named;

    /// <summary>Null where no file says so.</summary>
    public bool? AddsBos { get; private set; }

    public bool? AddsEos { get; private set; }

    /// <summary>True: a dummy prefix goes before every stretch of text between added tokens, not only before the first.</summary>
    public bool IsLegacy { get; private set; } = true;

    public string? TokenizerClass { get; private set; }

    /// <summary>The content that plays a part such as <c>bos_token</c>; null when none is named.</summary>
    public string? RoleOf(string name) => _roles.GetValueOrDefault(name);

    public static DeclaredTokens Read(string directory)
    {
        var declared = new DeclaredTokens();
        declared.ReadFile(Path.Combine(directory, "tokenizer_config.json"), declared.ReadConfig);
        declared.ReadFile(Path.Combine(directory, "special_tokens_map.json"), declared.ReadNamed);
        declared.ReadFile(Path.Combine(directory, "added_tokens.json"), declared.ReadAdded);
        return declared;
    }

    public static AddedToken ReadToken(JsonPlace place, int id, bool isSpecialOtherwise)
    {
        bool isSpecial = place.Get("special").AsBoolean(isSpecialOtherwise);
        return new AddedToken(
            id,
            place.Get("content").AsString(),
            isSpecial,
            StripsLeft: place.Get("lstrip").AsBoolean(false),
            StripsRight: place.Get("rstrip").AsBoolean(false),
            IsSingleWord: place.Get("single_word").AsBoolean(false),
            IsNormalized: place.Get("normalized").AsBoolean(!isSpecial));
    }

    private void ReadFile(string path, Action<JsonPlace> read)
    {
        using JsonDocument? document = TokenizerFile.ReadJson(path);
        if (document is null)
            return;
        IsDeclared = true;
        read(new JsonPlace(document.RootElement, path, string.Empty));
    }

    private void ReadConfig(JsonPlace config)
    {
        ReadNamed(config);
        AddsBos = config.Get("add_bos_token") is { IsNull: false } bos ? bos.AsBoolean(false) : null;
        AddsEos = config.Get("add_eos_token") is { IsNull: false } eos ? eos.AsBoolean(false) : null;
        IsLegacy = config.Get("legacy").AsBoolean(true);
        TokenizerClass = config.Get("tokenizer_class") is { IsString: true } name ? name.AsString() : null;
        JsonPlace decoder = config.Get("added_tokens_decoder");
        if (decoder.IsNull)
            return;
        foreach ((string key, JsonPlace value) in decoder.Members())
        {
            if (!int.TryParse(key, NumberStyles.None, CultureInfo.InvariantCulture, out int id) || id >= TokenizerFile.MaxVocabularySize)
                throw value.Refuse($"has a key that is no token id below {TokenizerFile.MaxVocabularySize}");
            _added[id] = ReadToken(value, id, isSpecialOtherwise: false);
        }
    }

    private void ReadNamed(JsonPlace map)
    {
        foreach (string role in NamedRoles)
        {
            if (ContentOf(map.Get(role)) is { } content)
            {
                _roles.TryAdd(role, content);
                _named.Add(content);
            }
        }

        foreach (string list in (string[])["additional_special_tokens", "extra_special_tokens"])
        {
            JsonPlace tokens = map.Get(list);
            IEnumerable<JsonPlace> items = tokens.IsArray ? tokens.Items() : tokens.IsObject ? tokens.Members().Select(member => member.Value) : [];
            foreach (JsonPlace item in items)
            {
                if (ContentOf(item) is { } content)
                    _named.Add(content);
            }
        }
    }

    private void ReadAdded(JsonPlace map)
    {
        foreach ((string content, JsonPlace value) in map.Members())
        {
            int id = value.AsInteger(0, TokenizerFile.MaxVocabularySize - 1);
            bool isSpecial = _named.Contains(content);
            _added.TryAdd(id, new AddedToken(id, content, isSpecial, IsNormalized: !isSpecial));
        }
    }

    /// <summary>A named token is written as a string or as an object with its content.</summary>
    private static string? ContentOf(JsonPlace place)
    {
        if (place.IsNull)
            return null;
        string content = place.IsObject ? place.Get("content").AsString() : place.AsString();
        return content.Length == 0 ? null : content;
    }
}
