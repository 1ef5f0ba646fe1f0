using CoLlm.Inference;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Router.Base;

/// <summary>The base model as it runs: engine, tokenizer, swap head, and what it is called. Owns all of them; immutable.</summary>
internal sealed class BaseModel : IAsyncDisposable
{
    private readonly Checkpoint _checkpoint;

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

    /// <summary>Names what token ids mean.</summary>
    public required string TokenizerFingerprint { get; init; }

    /// <summary>Ids that this model may emit and that have text.</summary>
    public required int UsableVocabularySize { get; init; }

    public required int MaxSequenceTokens { get; init; }

    public required IReadOnlyList<int> EosTokenIds { get; init; }

    public string Architecture => Engine.Config.Architecture.ToString().ToLowerInvariant();

    public int VocabularySize => Engine.Config.VocabularySize;

    public async ValueTask DisposeAsync()
    {
        await Engine.DisposeAsync().ConfigureAwait(false);
        _checkpoint.Dispose();
    }
}
