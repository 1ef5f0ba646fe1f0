using CoLlm.Inference;
using CoLlm.Inference.Tokenization;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.Models;

/// <summary>One model that is ready to be asked, and what it tells others about itself.</summary>
internal sealed class ExpertModel(IModelBackend backend, Tokenizer tokenizer, ModelDescription description) : IAsyncDisposable
{
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
        || (usableVocabularySize > 0 && usableVocabularySize <= tokenizer.ModelVocabularySize
            && fingerprint == tokenizer.FingerprintOf(usableVocabularySize));

    public ValueTask DisposeAsync() => backend.DisposeAsync();
}
