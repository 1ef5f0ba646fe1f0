using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;

namespace CoLlm.Testing.Reference;

/// <summary>
/// The forward pass written straight from its formulas, one token at a time: the slow twin that every backend is compared to.
/// Unused cache entries are NaN, so reading a position that was never written shows.
/// </summary>
public sealed class ReferenceBackend : IInferenceBackend
{
    private readonly ReferenceWeights _weights;
    private readonly float[] _frequencies;
    private readonly float[] _residual;
    private readonly float[] _normed;
    private readonly float[] _query;
    private readonly float[] _attended;
    private readonly float[] _projected;
    private readonly float[] _gate;
    private readonly float[] _up;
    private readonly double[] _scores;
    private ReferenceKvCache? _cache;

    public ReferenceBackend(ICheckpoint checkpoint)
    {
        Config = checkpoint.Config;
        _weights = new ReferenceWeights(checkpoint);
        _frequencies = ReferenceRotary.Frequencies(Config);
        _residual = new float[Config.HiddenSize];
        _normed = new float[Config.HiddenSize];
        _projected = new float[Config.HiddenSize];
        _query = new float[Config.HeadCount * Config.HeadDim];
        _attended = new float[Config.HeadCount * Config.HeadDim];
        _gate = new float[Config.FeedForwardSize];
        _up = new float[Config.FeedForwardSize];
        _scores = new double[Config.MaxPositionCount];
    }

    public string Name => "reference";

    public BackendCapabilities Capabilities => BackendCapabilities.BitwiseReproducible;

    public ModelConfig Config { get; }

    public long KvBlockBytes(int blockSizeTokens) =>
        2L * sizeof(float) * Config.LayerCount * blockSizeTokens * Config.KeyValueHeadCount * Config.HeadDim;

    public void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep) =>
        _cache = new ReferenceKvCache(Config, blockCount, blockSizeTokens);

    public void CopyBlock(int fromBlock, int toBlock) => _cache!.CopyBlock(fromBlock, toBlock);

    public void Run(StepPlan plan, StepOutput output)
    {
        output.EnsureCapacity(plan.OutputRows.Length);
        int nextOutput = 0;
        int failed = -1;
        for (int index = 0; index < plan.Sequences.Length; index++)
        {
            PlanSequence sequence = plan.Sequences[index];
            ReadOnlySpan<int> table = plan.BlockTable.Slice(sequence.BlockTableOffset, sequence.BlockCount);
            for (int row = sequence.FirstRow; row < sequence.FirstRow + sequence.RowCount; row++)
            {
                Decode(plan.TokenIds[row], sequence.StartPosition + row - sequence.FirstRow, table);
                if (nextOutput == plan.OutputRows.Length || plan.OutputRows[nextOutput] != row)
                    continue;
                if (!Project(output.HiddenState(nextOutput), output.Logits(nextOutput)))
                    failed = failed < 0 ? index : failed;
                nextOutput++;
            }
        }

        if (failed >= 0)
            throw new NonFiniteActivationException("A logit is not finite.", failed);
    }

    public void Dispose() => _cache = null;

    private void Decode(int tokenId, int position, ReadOnlySpan<int> table)
    {
        int hidden = Config.HiddenSize;
        _weights.Embedding.AsSpan(tokenId * hidden, hidden).CopyTo(_residual);
        for (int index = 0; index < _weights.Layers.Length; index++)
        {
            ReferenceWeights.Layer layer = _weights.Layers[index];
            ReferenceMath.RmsNorm(_residual, layer.InputNorm, Config.RmsNormEpsilon, _normed);
            Attend(layer, index, position, table);
            ReferenceMath.MultiplyAdd(layer.Output, _attended, [], _projected);
            AddToResidual();

            ReferenceMath.RmsNorm(_residual, layer.AttentionNorm, Config.RmsNormEpsilon, _normed);
            ReferenceMath.MultiplyAdd(layer.Gate, _normed, [], _gate);
            ReferenceMath.MultiplyAdd(layer.Up, _normed, [], _up);
            ReferenceMath.GatedSilu(_gate, _up, _gate);
            ReferenceMath.MultiplyAdd(layer.Down, _gate, [], _projected);
            AddToResidual();
        }
    }

    private void Attend(ReferenceWeights.Layer layer, int layerIndex, int position, ReadOnlySpan<int> table)
    {
        Span<float> key = _cache!.Key(table, layerIndex, position);
        ReferenceMath.MultiplyAdd(layer.Query, _normed, layer.QueryBias, _query);
        ReferenceMath.MultiplyAdd(layer.Key, _normed, layer.KeyBias, key);
        ReferenceMath.MultiplyAdd(layer.Value, _normed, layer.ValueBias, _cache.Value(table, layerIndex, position));
        PrepareHeads(_query, layer.QueryNorm, position);
        PrepareHeads(key, layer.KeyNorm, position);

        for (int head = 0; head < Config.HeadCount; head++)
            AttendHead(head, layerIndex, position, table);
    }

    private void PrepareHeads(Span<float> heads, ReadOnlySpan<float> norm, int position)
    {
        for (int start = 0; start < heads.Length; start += Config.HeadDim)
        {
            Span<float> head = heads.Slice(start, Config.HeadDim);
            if (!norm.IsEmpty)
                ReferenceMath.RmsNorm(head, norm, Config.RmsNormEpsilon, head);
            ReferenceMath.Rotate(head, _frequencies, position);
        }
    }

    private void AttendHead(int head, int layer, int position, ReadOnlySpan<int> table)
    {
        int first = Config.SlidingWindow is { } window ? Math.Max(0, position - window + 1) : 0;
        int offset = head / (Config.HeadCount / Config.KeyValueHeadCount) * Config.HeadDim;
        ReadOnlySpan<float> query = _query.AsSpan(head * Config.HeadDim, Config.HeadDim);
        Span<double> scores = _scores.AsSpan(0, position - first + 1);
        for (int i = 0; i < scores.Length; i++)
        {
            ReadOnlySpan<float> key = _cache!.Key(table, layer, first + i).Slice(offset, Config.HeadDim);
            double dot = 0;
            for (int d = 0; d < key.Length; d++)
                dot += (double)query[d] * key[d];
            scores[i] = dot / Math.Sqrt(Config.HeadDim);
        }

        ReferenceMath.Softmax(scores);
        for (int d = 0; d < Config.HeadDim; d++)
        {
            double sum = 0;
            for (int i = 0; i < scores.Length; i++)
                sum += scores[i] * _cache!.Value(table, layer, first + i)[offset + d];
            _attended[(head * Config.HeadDim) + d] = (float)sum;
        }
    }

    private void AddToResidual()
    {
        for (int i = 0; i < _residual.Length; i++)
            _residual[i] += _projected[i];
    }

    private bool Project(Span<float> hiddenState, Span<float> logits)
    {
        ReferenceMath.RmsNorm(_residual, _weights.FinalNorm, Config.RmsNormEpsilon, hiddenState);
        ReferenceMath.MultiplyAdd(_weights.Head, hiddenState, [], logits);
        bool finite = true;
        foreach (float logit in logits)
            finite &= float.IsFinite(logit);
        return finite;
    }
}
