using System.Collections.Concurrent;
using CoLlm.Inference;
using CoLlm.Inference.Sampling;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>One loaded model with its engine, and what it tells others about itself.</summary>
internal sealed class ExpertModel : IAsyncDisposable
{
    private readonly ConcurrentBag<AnswerScratch> _scratch = [];
    private readonly Tokenizer _tokenizer;
    private readonly IDisposable _checkpoint;

    public ExpertModel(InferenceEngine engine, Tokenizer tokenizer, ModelDescription description, IDisposable checkpoint)
    {
        Engine = engine;
        Description = description;
        _tokenizer = tokenizer;
        _checkpoint = checkpoint;
    }

    public string Name => Description.Name;

    public InferenceEngine Engine { get; }

    public ModelDescription Description { get; }

    /// <summary>
    /// Whether ids mean the same here as to a client: its tokenizer is this one, or equals it for the usable ids, which is all that
    /// crosses the wire.
    /// </summary>
    public bool HasTokenizer(string fingerprint, int usableVocabularySize) =>
        fingerprint == Description.TokenizerFingerprint
        || (usableVocabularySize > 0 && usableVocabularySize <= _tokenizer.ModelVocabularySize
            && fingerprint == _tokenizer.FingerprintOf(usableVocabularySize));

    /// <summary>Borrows buffers of the vocabulary's size; there are never more of them than answers being made at the same time.</summary>
    public AnswerScratch RentScratch() => _scratch.TryTake(out AnswerScratch? scratch) ? scratch : new AnswerScratch(Description.VocabularySize);

    public void Return(AnswerScratch scratch) => _scratch.Add(scratch);

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync();
        _checkpoint.Dispose();
    }
}

/// <summary>Buffers for one answer at a time.</summary>
internal sealed class AnswerScratch(int vocabularySize)
{
    public TokenSampler Sampler { get; } = new(vocabularySize);

    /// <summary><c>[vocabulary]</c></summary>
    public float[] Floats { get; } = new float[vocabularySize];

    /// <summary><c>[vocabulary]</c></summary>
    public Half[] Halves { get; } = new Half[vocabularySize];
}
