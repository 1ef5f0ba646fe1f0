using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>
/// A language model of the Llama family with fp32 master weights: embedding, decoder layers, final norm, output projection.
/// Forward and backward run over whole packed batches; one caller at a time.
/// </summary>
internal sealed unsafe class TrainableModel
{
    private readonly RotaryTable _rotary;
    private readonly Norm _finalNorm;
    private readonly BackwardMemory _memory = new();
    private FloatBlock _finalInput = new(0);
    private FloatBlock _finalScales = new(0);

    /// <summary>A model of zeros; <see cref="ModelWeights"/> fills it.</summary>
    public TrainableModel(ModelConfig config)
    {
        Config = config;
        _rotary = new RotaryTable(config);
        Embedding = new Parameter("model.embed_tokens.weight", config.VocabularySize, config.HiddenSize);
        OutputWeight = config.TiesEmbeddings ? Embedding : new Parameter("lm_head.weight", config.VocabularySize, config.HiddenSize);
        Layers = [.. Enumerable.Range(0, config.LayerCount).Select(index => new DecoderLayer(config, index, _rotary))];
        _finalNorm = DecoderLayer.NewNorm("model.norm", config.HiddenSize, config);
    }

    public ModelConfig Config { get; }

    public Parameter Embedding { get; }

    /// <summary>The output projection, <c>[vocabulary, hidden]</c>; the embedding itself where they are tied.</summary>
    public Parameter OutputWeight { get; }

    public IReadOnlyList<DecoderLayer> Layers { get; }

    /// <summary>Hidden states after the final norm, <c>[rows, hidden]</c>; valid until the next <see cref="Forward"/>.</summary>
    public FloatBlock Hidden { get; private set; } = new(0);

    /// <summary>Every tensor of the model itself, in a fixed order; adapters are not among them.</summary>
    public IEnumerable<Parameter> Parameters
    {
        get
        {
            yield return Embedding;
            foreach (Parameter parameter in Layers.SelectMany(layer => layer.Parameters))
                yield return parameter;
            yield return _finalNorm.Weight;
            if (!Config.TiesEmbeddings)
                yield return OutputWeight;
        }
    }

    /// <summary>The adapters' tensors, in a fixed order.</summary>
    public IEnumerable<Parameter> AdapterParameters => Layers.SelectMany(layer => layer.Projections)
        .Select(projection => projection.Adapter).OfType<LoraAdapter>().SelectMany(adapter => new[] { adapter.Down, adapter.Up });

    /// <summary>Computes <see cref="Hidden"/> for every row of the batch.</summary>
    public void Forward(ComputeContext compute, PackedBatch batch)
    {
        Reserve(batch);
        FloatBlock stream = Layers[0].Attention.Activations.Input;
        int hidden = Config.HiddenSize;
        compute.ForRows(batch.RowCount, row =>
            Embedding.Value.Span.Slice(batch.TokenIds[row] * hidden, hidden).CopyTo(stream.Span.Slice(row * hidden, hidden)));
        for (int i = 0; i < Layers.Count; i++)
            Layers[i].Forward(compute, batch, i + 1 < Layers.Count ? Layers[i + 1].Attention.Activations.Input : _finalInput);
        _finalNorm.Forward(compute, _finalInput, batch.RowCount, Hidden, _finalScales);
    }

    /// <summary>
    /// Adds to every trained tensor's gradient, given that of <see cref="Hidden"/>, which is destroyed. Follows the
    /// <see cref="Forward"/> of the same batch.
    /// </summary>
    public void Backward(ComputeContext compute, PackedBatch batch, FloatBlock hiddenGradient)
    {
        _finalNorm.Backward(compute, _finalInput, _finalScales, hiddenGradient, batch.RowCount, hiddenGradient, accumulateInput: false);
        for (int i = Layers.Count - 1; i >= 0; i--)
            Layers[i].Backward(compute, batch, _memory, hiddenGradient);
        if (Embedding.Gradient is { } gradient)
            AddEmbeddingGradient(compute, batch, hiddenGradient, gradient);
    }

    private void AddEmbeddingGradient(ComputeContext compute, PackedBatch batch, FloatBlock dx, FloatBlock gradient)
    {
        int hidden = Config.HiddenSize;
        compute.ForColumnStrips(hidden, (column, count) =>
        {
            for (int row = 0; row < batch.RowCount; row++)
            {
                float* target = gradient.Data + ((long)batch.TokenIds[row] * hidden) + column;
                float* source = dx.Data + ((long)row * hidden) + column;
                for (int i = 0; i < count; i++)
                    target[i] += source[i];
            }
        });
    }

    private void Reserve(PackedBatch batch)
    {
        int rows = batch.RowCount;
        _rotary.Reserve(batch.LongestSequence);
        _memory.Reserve(Config, rows);
        foreach (DecoderLayer layer in Layers)
            layer.Reserve(Config, rows);
        _finalInput = FloatBlock.AtLeast(_finalInput, rows * Config.HiddenSize);
        _finalScales = FloatBlock.AtLeast(_finalScales, rows);
        Hidden = FloatBlock.AtLeast(Hidden, rows * Config.HiddenSize);
    }
}
