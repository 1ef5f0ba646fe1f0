namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>A model made of a hash: logits and hidden state are a function of the prefix alone, as with a real one.</summary>
internal sealed class ScriptedModel(int seed, int vocabularySize, int hiddenSize = 24)
{
    public int VocabularySize => vocabularySize;

    public float[] Logits(ReadOnlySpan<int> prefix)
    {
        var random = new Random(HashOf(prefix));
        return [.. Enumerable.Range(0, vocabularySize).Select(_ => (float)(random.NextDouble() * 8 - 4))];
    }

    public float[] HiddenState(ReadOnlySpan<int> prefix)
    {
        var random = new Random(HashOf(prefix) ^ 0x5EED);
        return [.. Enumerable.Range(0, hiddenSize).Select(_ => (float)(random.NextDouble() * 2 - 1))];
    }

    private int HashOf(ReadOnlySpan<int> prefix)
    {
        int hash = seed;
        foreach (int tokenId in prefix)
            hash = hash * 31 + tokenId + 17;
        return hash;
    }
}
