using CoLlm.Inference;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Router.Base;

/// <summary>The base model as it runs: engine, tokenizer, swap head, and what it is called. Owns all of them; immutable.</summary>
internal sealed class BaseModel : IAsyncDisposable
{
    private readonly Checkpoint _checkpoint;
    private (int VocabularySize, string Fingerprint) _shared = (-1, "");

    public BaseModel(Checkpoint checkpoint, InferenceEngine engine, Tokenizer tokenizer, RouterSwapHead swapHead)
    {
        _checkpoint = checkpoint;
        Engine = engine;
        Tokenizer = tokenizer;
        SwapHead = swapHead;
    }

    public InferenceEngine Engine { get; }

    public Tokenizer Tokenizer { get; }

    public RouterSwapHead SwapHead { get; }

    /// <summary>Names the weights.</summary>
    public string Fingerprint => _checkpoint.Fingerprint;

    /// <summary>Lays out conversations; null where the checkpoint has no template.</summary>
    public required ChatTemplate? ChatTemplate { get; init; }

    /// <summary>Ids that this model may emit and that have text.</summary>
    public required int UsableVocabularySize { get; init; }

    public required int MaxSequenceTokens { get; init; }

    public required IReadOnlyList<int> EosTokenIds { get; init; }

    public string Architecture => Engine.Config.Architecture.ToString().ToLowerInvariant();

    public int VocabularySize => Engine.Config.VocabularySize;

    /// <summary>Names what the ids below a bound mean; an expert with the same name for them can be asked. Any thread may ask.</summary>
    public string TokenizerFingerprintOf(int usableVocabularySize)
    {
        // Computing it takes a pass over the vocabulary, and hardly ever is there more than one bound.
        lock (_checkpoint)
        {
            if (_shared.VocabularySize != usableVocabularySize)
                _shared = (usableVocabularySize, Tokenizer.FingerprintOf(usableVocabularySize));
            return _shared.Fingerprint;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        _checkpoint.Dispose();
    }
}
