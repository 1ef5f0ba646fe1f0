using CoLlm.Expert.Models;
using CoLlm.Expert.OpenAi.Dialects;
using CoLlm.Expert.Sessions;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// Compares the configured tokenizer with the server's on texts that reach far into the vocabulary: ids are all that is exchanged, so
/// they must mean the same on both sides.
/// </summary>
internal static class TokenizerCheck
{
    /// <summary>Words of the vocabulary that are tried, spread over all of it.</summary>
    private const int MostWords = 1000;

    /// <summary>Words of one text: short enough for the shortest context.</summary>
    private const int WordsPerText = 100;

    private static readonly string[] Texts =
    [
        "The quick brown fox jumps over the lazy dog.",
        "def area(radius):\n    return 3.14159 * radius ** 2\n",
        "Solve 17x + 42 = 0; then x = -42/17.",
        "Zürich, façade, naïve: déjà vu!",
        "今天天气很好。 Привет, мир.",
    ];

    /// <summary>The texts that are tried, in order.</summary>
    public static IEnumerable<string> ProbesOf(Tokenizer tokenizer) => [.. Texts, .. Words(tokenizer).Chunk(WordsPerText).Select(words => string.Join(' ', words))];

    /// <summary>Compares all probes.</summary>
    /// <exception cref="BackendException">They differ, which names both; or the server does not tell.</exception>
    public static async Task RunAsync(
        ServerConnection connection, ServerDialect dialect, string model, Tokenizer tokenizer, string directory, CancellationToken cancellationToken)
    {
        foreach (string text in ProbesOf(tokenizer))
        {
            int[] ours = tokenizer.Encode(text, addSpecial: false);
            int[]? theirs = await dialect.TokenizeAsync(connection, model, text, cancellationToken).ConfigureAwait(false);
            if (theirs is null)
            {
                throw new BackendException(new SessionFault(
                    FailureReason.TokenizerMismatch, $"{connection.Name} does not tell how it tokenises (/tokenize is missing), so the tokenizer {directory} cannot be compared."));
            }

            ReadOnlySpan<int> given = theirs;
            if (given.Length == ours.Length + 1 && given[0] == tokenizer.BosTokenId)
                given = given[1..];
            if (!given.SequenceEqual(ours))
                throw Mismatch(connection.Name, directory, text, given, ours);
        }
    }

    /// <summary>Pieces of the vocabulary that are letters, in the order of their ids.</summary>
    private static IEnumerable<string> Words(Tokenizer tokenizer)
    {
        int step = Math.Max(1, tokenizer.ModelVocabularySize / MostWords);
        for (int id = 0; id < tokenizer.ModelVocabularySize; id += step)
        {
            if (tokenizer.TokenText(id) is null || tokenizer.IsSpecial(id))
                continue;
            string word = tokenizer.Decode([id], skipSpecial: false).Trim();
            if (word.Length > 0 && word.All(char.IsAsciiLetter))
                yield return word;
        }
    }

    private static BackendException Mismatch(string server, string directory, string text, ReadOnlySpan<int> theirs, ReadOnlySpan<int> ours)
    {
        int at = theirs.CommonPrefixLength(ours);
        string sent = Around(ours, at), held = Around(theirs, at);
        string quoted = text.Length <= 60 ? text.ReplaceLineEndings(" ") : text[..60].ReplaceLineEndings(" ") + "...";
        return new BackendException(new SessionFault(
            FailureReason.TokenizerMismatch,
            $"{server} tokenises \"{quoted}\" from token {at} on as {held}, but the tokenizer {directory} gives {sent}; ids would not mean the same.",
            sent,
            held));
    }

    private static string Around(ReadOnlySpan<int> ids, int at) =>
        at >= ids.Length ? "nothing" : string.Join(' ', ids[at..Math.Min(ids.Length, at + 4)].ToArray()) + (ids.Length > at + 4 ? " ..." : "");
}
