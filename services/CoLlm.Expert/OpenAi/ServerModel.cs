using System.Security.Cryptography;
using System.Text;
using CoLlm.Expert.OpenAi.Dialects;

namespace CoLlm.Expert.OpenAi;

/// <summary>What a server says of the model it has: the same as long as it is the same server with the same model.</summary>
/// <param name="Dialect">How it is spoken to.</param>
/// <param name="Name">The model as the server lists it.</param>
/// <param name="ReplyName">The name its completions carry; null: none.</param>
/// <param name="ContextTokens">Longest prompt and answer together.</param>
/// <param name="VocabularySize">Rows of its output layer, where it tells.</param>
internal sealed record ServerModel(ServerDialect Dialect, string Name, string? ReplyName, int ContextTokens, int? VocabularySize)
{
    /// <summary>One token is written after each prompt, so the longest prompt is one shorter than the context.</summary>
    public int LongestPrompt => ContextTokens - 1;

    /// <summary>Why another look at the server shows another model; null where it does not.</summary>
    public string? Difference(ServerModel now)
    {
        if (now.Name != Name || now.ReplyName != ReplyName)
            return $"it has the model {now.ReplyName ?? now.Name} where it had {ReplyName ?? Name}";
        if (now.Dialect.GetType() != Dialect.GetType())
            return $"it is {now.Dialect.Name} where it was {Dialect.Name}";
        return now.ContextTokens != ContextTokens || now.VocabularySize != VocabularySize
            ? $"its context and vocabulary are {now.ContextTokens} and {now.VocabularySize} where they were {ContextTokens} and {VocabularySize}"
            : null;
    }

    /// <summary>A digest of what the server tells; its weights are not part of it. 32 hexadecimal digits.</summary>
    public string Fingerprint(string tokenizerFingerprint)
    {
        string told = $"{Dialect.Name}\n{Name}\n{ContextTokens}\n{VocabularySize}\n{tokenizerFingerprint}";
        return Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(told)).AsSpan(0, 16));
    }
}
