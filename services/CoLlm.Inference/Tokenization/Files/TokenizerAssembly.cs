using CoLlm.Inference.Checkpoints;

namespace CoLlm.Inference.Tokenization.Files;

/// <summary>Brings the model's own pieces and the tokens added by the files beside it together into one vocabulary.</summary>
internal sealed class TokenizerAssembly
{
    private readonly Dictionary<int, AddedToken> _addedById = [];
    private readonly Dictionary<string, AddedToken> _addedByContent = new(StringComparer.Ordinal);

    /// <summary>Recognised tokens, by id.</summary>
    public IReadOnlyList<AddedToken> Added => [.. _addedById.Values.OrderBy(token => token.Id)];

    public AddedToken? AddedAt(int id) => _addedById.GetValueOrDefault(id);

    /// <summary>Adds a token unless its id or content is taken: files that come first decide.</summary>
    public void Add(AddedToken token)
    {
        if (token.Content.Length == 0 || _addedByContent.ContainsKey(token.Content) || !_addedById.TryAdd(token.Id, token))
            return;
        _addedByContent.Add(token.Content, token);
    }

    /// <summary>Adds what the files beside the tokenizer declare, and the named tokens that the model has as plain pieces.</summary>
    public void AddDeclared(DeclaredTokens declared, IReadOnlyDictionary<string, int> pieces, bool mayBeNormalized)
    {
        foreach (AddedToken token in declared.Added)
        {
            // A content that the model has keeps the model's id, whatever the file says.
            int id = pieces.TryGetValue(token.Content, out int own) ? own : token.Id;
            Add(token with { Id = id, IsNormalized = mayBeNormalized && token.IsNormalized });
        }

        foreach (string content in declared.Named.Order(StringComparer.Ordinal))
        {
            if (pieces.TryGetValue(content, out int id))
                Add(new AddedToken(id, content, IsSpecial: true));
        }
    }

    public int? IdOf(string? content, IReadOnlyDictionary<string, int> pieces)
    {
        if (content is null)
            return null;
        if (_addedByContent.TryGetValue(content, out AddedToken? token))
            return token.Id;
        return pieces.TryGetValue(content, out int id) ? id : null;
    }

    public TokenRoles Roles(DeclaredTokens declared, IReadOnlyDictionary<string, int> pieces) => new(
        IdOf(declared.RoleOf("bos_token"), pieces),
        IdOf(declared.RoleOf("eos_token"), pieces),
        IdOf(declared.RoleOf("pad_token"), pieces),
        IdOf(declared.RoleOf("unk_token"), pieces));

    /// <summary>Every id's token, null in gaps.</summary>
    /// <exception cref="CheckpointException">The ids leave too many gaps for a real vocabulary.</exception>
    public string?[] Tokens(IReadOnlyDictionary<string, int> pieces, string file)
    {
        int last = -1;
        foreach (int id in pieces.Values)
            last = Math.Max(last, id);
        foreach (int id in _addedById.Keys)
            last = Math.Max(last, id);
        long bound = (2L * (pieces.Count + _addedById.Count)) + 65536;
        if (last >= bound)
            throw new CheckpointException($"{file}: the largest token id {last} is too far above the number of tokens (bound {bound}).");

        var tokens = new string?[last + 1];
        foreach ((string piece, int id) in pieces)
            tokens[id] = piece;
        foreach (AddedToken token in _addedById.Values)
            tokens[token.Id] = token.Content;
        return tokens;
    }
}
