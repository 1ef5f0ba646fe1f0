namespace CoLlm.Training.Tokenization;

/// <summary>
/// Learns merges: again and again the pair of neighbours seen most often becomes one token; of equals the one with the smaller
/// ids. The same words give the same merges.
/// </summary>
internal sealed class BpeTrainer
{
    private readonly List<string> _tokens = [.. ByteAlphabet.Sorted.Select(character => character.ToString())];
    private readonly List<(int[] Symbols, long Count)> _words = [];
    private readonly Dictionary<(int Left, int Right), long> _pairCounts = [];
    private readonly Dictionary<(int Left, int Right), HashSet<int>> _pairWords = [];
    private readonly PriorityQueue<(int Left, int Right), (long MinusCount, int Left, int Right)> _queue = new();

    public BpeTrainer(IReadOnlyList<(string Word, long Count)> words)
    {
        Dictionary<char, int> ids = ByteAlphabet.Sorted.Select((character, id) => (character, id)).ToDictionary(pair => pair.character, pair => pair.id);
        foreach ((string word, long count) in words)
        {
            _words.Add(([.. word.Select(character => ids[character])], count));
            CountPairs(_words.Count - 1, sign: 1);
        }

        foreach ((int Left, int Right) pair in _pairCounts.Keys)
            Enqueue(pair);
    }

    /// <summary>Texts of all tokens by id.</summary>
    public IReadOnlyList<string> Tokens => _tokens;

    /// <summary>Ids of the merged pairs, in order.</summary>
    public List<(int Left, int Right)> Merges { get; } = [];

    /// <summary>Merges until there are so many tokens or no pair is frequent enough.</summary>
    public void Run(int tokenCount, int minPairCount)
    {
        while (_tokens.Count < tokenCount && _queue.TryDequeue(out (int Left, int Right) pair, out var priority))
        {
            long count = _pairCounts.GetValueOrDefault(pair);
            if (count != -priority.MinusCount)
            {
                // Counted when it was queued; other merges have taken some of it since.
                if (count > 0)
                    Enqueue(pair);
                continue;
            }

            if (count < minPairCount)
                return;
            Merge(pair);
        }
    }

    private void Merge((int Left, int Right) pair)
    {
        int merged = _tokens.Count;
        _tokens.Add(_tokens[pair.Left] + _tokens[pair.Right]);
        Merges.Add(pair);
        HashSet<(int Left, int Right)> touched = [];
        foreach (int word in _pairWords[pair].Order().ToArray())
        {
            CountPairs(word, sign: -1);
            (int[] symbols, long count) = _words[word];
            _words[word] = (Replaced(symbols, pair, merged), count);
            CountPairs(word, sign: 1);
            int[] now = _words[word].Symbols;
            for (int i = 0; i + 1 < now.Length; i++)
            {
                if (now[i] == merged || now[i + 1] == merged)
                    touched.Add((now[i], now[i + 1]));
            }
        }

        foreach ((int Left, int Right) other in touched)
            Enqueue(other);
    }

    private void CountPairs(int word, int sign)
    {
        (int[] symbols, long count) = _words[word];
        for (int i = 0; i + 1 < symbols.Length; i++)
        {
            (int, int) pair = (symbols[i], symbols[i + 1]);
            long now = _pairCounts.GetValueOrDefault(pair) + (sign * count);
            _pairCounts[pair] = now;
            if (!_pairWords.TryGetValue(pair, out HashSet<int>? words))
                _pairWords[pair] = words = [];
            if (sign > 0)
                words.Add(word);
            else
                words.Remove(word);
        }
    }

    private void Enqueue((int Left, int Right) pair) => _queue.Enqueue(pair, (-_pairCounts[pair], pair.Left, pair.Right));

    private static int[] Replaced(int[] symbols, (int Left, int Right) pair, int merged)
    {
        List<int> result = new(symbols.Length);
        for (int i = 0; i < symbols.Length; i++)
        {
            bool isPair = i + 1 < symbols.Length && symbols[i] == pair.Left && symbols[i + 1] == pair.Right;
            result.Add(isPair ? merged : symbols[i]);
            i += isPair ? 1 : 0;
        }

        return [.. result];
    }
}
