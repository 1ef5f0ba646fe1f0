using CoLlm.Inference;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>One model that is ready to be asked, and what it tells others about itself.</summary>
internal sealed class ExpertModel(IModelBackend backend, Tokenizer tokenizer, ModelDescription description) : IAsyncDisposable
{
    private (int VocabularySize, string Fingerprint) _shared = (-1, "");

    public string Name => description.Name;

    public IModelBackend Backend => backend;

    /// <summary>The engine of this process that computes it; null where a server elsewhere does.</summary>
    public InferenceEngine? Engine => backend.Engine;

    public ModelDescription Description => description;

    /// <summary>
    /// Whether ids mean the same here as to a client: its tokenizer is this one, or equals it for the usable ids, which is all that
    /// crosses the wire.
    /// </summary>
    public bool HasTokenizer(string fingerprint, int usableVocabularySize) =>
        fingerprint == description.TokenizerFingerprint
        || (usableVocabularySize > 0 && usableVocabularySize <= description.VocabularySize && fingerprint == FingerprintOf(usableVocabularySize));

    public ValueTask DisposeAsync() => backend.DisposeAsync();

    /// <summary>Over the usable ids, tokens added above the model's own pieces included.</summary>
    private string FingerprintOf(int usableVocabularySize)
    {
        // Computing it takes a pass over the vocabulary, and routers hardly ever differ in the bound.
        lock (tokenizer)
        {
            if (_shared.VocabularySize != usableVocabularySize)
                _shared = (usableVocabularySize, tokenizer.FingerprintOf(usableVocabularySize));
            return _shared.Fingerprint;
        }
    }
}
