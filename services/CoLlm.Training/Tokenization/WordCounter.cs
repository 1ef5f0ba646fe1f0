using System.Text;
using System.Text.RegularExpressions;

namespace CoLlm.Training.Tokenization;

/// <summary>
/// Cuts text into the words inside which merges happen and counts them: letters with what stands before them, single digits,
/// runs of punctuation, white space.
/// </summary>
internal sealed partial class WordCounter
{
    /// <summary>As the tokenizer file states it.</summary>
    public const string Pattern =
        @"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+";

    private const int MaxWords = 1 << 24;
    private readonly Dictionary<string, long> _counts = new(StringComparer.Ordinal);

    /// <summary>Words in ordinal order of their bytes' characters, with how often they were seen.</summary>
    public IReadOnlyList<(string Word, long Count)> Words =>
        [.. _counts.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => (pair.Key, pair.Value))];

    /// <exception cref="TrainingException">There are more different words than the bound.</exception>
    public void Add(string text)
    {
        foreach (ValueMatch match in Word().EnumerateMatches(text))
        {
            string word = InBytes(text.AsSpan(match.Index, match.Length));
            _counts[word] = _counts.GetValueOrDefault(word) + 1;
            if (_counts.Count > MaxWords)
                throw new TrainingException($"The text has more than {MaxWords} different words.");
        }
    }

    private static string InBytes(ReadOnlySpan<char> word)
    {
        byte[] bytes = new byte[Encoding.UTF8.GetMaxByteCount(word.Length)];
        int count = Encoding.UTF8.GetBytes(word, bytes);
        return string.Create(count, bytes, (characters, source) =>
        {
            for (int i = 0; i < characters.Length; i++)
                characters[i] = ByteAlphabet.Of(source[i]);
        });
    }

    [GeneratedRegex(Pattern, RegexOptions.CultureInvariant)]
    private static partial Regex Word();
}
