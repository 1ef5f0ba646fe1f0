using System.Globalization;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Finds the token that a server names by a string: <c>token_id:123</c>, or, from servers that do not know that form, the token's text
/// where exactly one token has it. A guess would be a wrong token written, so anything else is refused. Safe to call from any thread.
/// </summary>
internal sealed class TokenNames(Tokenizer tokenizer)
{
    private const string Prefix = "token_id:";
    private const int Ambiguous = -1;

    private readonly Lazy<Dictionary<string, int>> _byText = new(() => Texts(tokenizer));

    /// <exception cref="Models.BackendException">The name is no single token's.</exception>
    public int IdOf(string name, ServerReply reply)
    {
        if (name.StartsWith(Prefix, StringComparison.Ordinal)
            && int.TryParse(name.AsSpan(Prefix.Length), NumberStyles.None, CultureInfo.InvariantCulture, out int id))
        {
            return id;
        }

        return _byText.Value.TryGetValue(name, out int found) && found != Ambiguous
            ? found
            : throw reply.Of(
                FailureReason.Unsupported,
                $"with tokens named by their text alone, and \"{name}\" is the text of {(found == Ambiguous ? "several tokens" : "no token")} here; a server that returns token ids is needed");
    }

    /// <summary>What each token adds to a text that has begun: leading spaces count only there.</summary>
    private static Dictionary<string, int> Texts(Tokenizer tokenizer)
    {
        int opening = tokenizer.Encode("a", addSpecial: false)[^1];
        int openingLength = tokenizer.Decode([opening], skipSpecial: false).Length;
        Dictionary<string, int> texts = new(StringComparer.Ordinal);
        for (int id = 0; id < tokenizer.VocabularySize; id++)
        {
            if (tokenizer.TokenText(id) is null)
                continue;
            string whole = tokenizer.Decode([opening, id], skipSpecial: false);
            string text = whole.Length >= openingLength ? whole[openingLength..] : "";

            // Half a character has no text of its own; servers write a replacement character for all of them.
            texts[text] = text.Length == 0 || text.Contains('\uFFFD') || texts.ContainsKey(text) ? Ambiguous : id;
        }

        return texts;
    }
}
