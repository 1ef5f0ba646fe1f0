using CoLlm.Inference.Models;

namespace CoLlm.Training.Model;

/// <summary>
/// A start for models that must learn to copy. Carrying a word over takes two attention heads in two layers: one looks at the token
/// before, the other looks for what followed the token at hand when it last occurred, and repeats it. Neither is of use without the
/// other, so from plain random weights both take millions of tokens to appear. Here both are there, roughly, from the start; every
/// weight is trained like any other.
/// </summary>
/// <param name="model">Freshly initialized.</param>
/// <param name="random">Draws the projections through which tokens are compared and repeated.</param>
internal sealed class CopyingCircuit(TrainableModel model, SeededRandom random)
{
    /// <summary>Deviation of the embedding.</summary>
    private const float Deviation = 0.06f;

    /// <summary>First dimension of every embedding: a direction that all tokens share, for what depends on positions alone.</summary>
    private const float Constant = 15 * Deviation;

    /// <summary>Queries and keys of the first head have this value in every pair of dimensions.</summary>
    private const float PositionSharpness = 6.5f;

    /// <summary>Scale of queries and keys of the second heads.</summary>
    private const float MatchSharpness = 2.3f;

    /// <summary>Scale at which the second heads write what they found.</summary>
    private const float Loudness = 3.5f * Deviation;

    /// <summary>Pairs of dimensions that turn faster lose the match over the length of a question.</summary>
    private const double FastestAngle = 0.011;

    private readonly ModelConfig _config = model.Config;

    /// <summary>Share of the width that holds the token before; embeddings are zero there.</summary>
    private int MemoryFirst => _config.HiddenSize - _config.HeadDim;

    /// <summary>What the norm makes of the deviation, and of the constant.</summary>
    private float NormScale => 1 / MathF.Sqrt(((Constant * Constant) + ((MemoryFirst - 1) * Deviation * Deviation)) / _config.HiddenSize);

    /// <summary>Whether a model of these sizes has room for it.</summary>
    public static bool Fits(ModelConfig config) => config.LayerCount >= 2 && config.HiddenSize >= 4 * config.HeadDim;

    /// <summary>Overwrites the embedding and some heads of the first two layers.</summary>
    public void Seed()
    {
        SeedEmbedding();
        SeedLookingBack();
        float[] read = Projection();
        SeedMemory(read);
        for (int group = 0; group < Math.Min(2, _config.KeyValueHeadCount); group++)
            SeedMatch(group, read);
    }

    private void SeedEmbedding()
    {
        for (int token = 0; token < _config.VocabularySize; token++)
        {
            Span<float> row = model.Embedding.Value.Span.Slice(token * _config.HiddenSize, _config.HiddenSize);
            foreach (ref float value in row)
                value = Deviation * random.NextNormal();
            row[0] = Constant;
            row[MemoryFirst..].Clear();
        }
    }

    /// <summary>A key turned one position ahead meets the query of the next token.</summary>
    private void SeedLookingBack()
    {
        int half = _config.HeadDim / 2;
        float weight = PositionSharpness / (Constant * NormScale);
        HeadRows(0, "q_proj", 0).Clear();
        HeadRows(0, "k_proj", 0).Clear();
        for (int i = 0; i < half; i++)
        {
            (double sine, double cosine) = Math.SinCos(Angle(i));
            HeadRows(0, "q_proj", 0)[i * _config.HiddenSize] = weight;
            HeadRows(0, "k_proj", 0)[i * _config.HiddenSize] = weight * (float)cosine;
            HeadRows(0, "k_proj", 0)[(half + i) * _config.HiddenSize] = weight * (float)sine;
        }
    }

    /// <summary>The first head writes a projection of the token before into the memory.</summary>
    private void SeedMemory(float[] read)
    {
        read.CopyTo(HeadRows(0, "v_proj", 0));
        Span<float> output = Weight(0, "o_proj");
        int inputs = _config.HeadCount * _config.HeadDim;
        for (int i = 0; i < _config.HeadDim; i++)
        {
            output.Slice((MemoryFirst + i) * inputs, _config.HeadDim).Clear();
            output[((MemoryFirst + i) * inputs) + i] = Deviation;
        }
    }

    /// <summary>A head of the second layer compares the token at hand with every memory, and repeats the token that holds the match.</summary>
    private void SeedMatch(int group, float[] read)
    {
        int width = _config.HiddenSize;
        int head = group * (_config.HeadCount / _config.KeyValueHeadCount);
        int[] slow = [.. Enumerable.Range(0, _config.HeadDim).Where(i => Angle(i % (_config.HeadDim / 2)) < FastestAngle)];
        Span<float> query = HeadRows(1, "q_proj", head);
        Span<float> key = HeadRows(1, "k_proj", group);
        query.Clear();
        key.Clear();
        for (int i = 0; i < slow.Length; i++)
        {
            int part = ((group * slow.Length) + i) % _config.HeadDim;
            for (int column = 0; column < width; column++)
                query[(slow[i] * width) + column] = MatchSharpness * read[(part * width) + column];
            key[(slow[i] * width) + MemoryFirst + part] = MatchSharpness;
        }

        float[] said = Projection();
        said.CopyTo(HeadRows(1, "v_proj", group));
        Span<float> output = Weight(1, "o_proj");
        int inputs = _config.HeadCount * _config.HeadDim;
        for (int column = 0; column < width; column++)
        {
            for (int i = 0; i < _config.HeadDim; i++)
                output[(column * inputs) + (head * _config.HeadDim) + i] = Loudness * said[(i * width) + column];
        }
    }

    /// <summary>Random directions among the dimensions of the tokens, <c>[head, hidden]</c>; a normed embedding gives values of deviation one.</summary>
    private float[] Projection()
    {
        float[] rows = new float[_config.HeadDim * _config.HiddenSize];
        float scale = 1 / (Deviation * NormScale * MathF.Sqrt(MemoryFirst - 1));
        for (int row = 0; row < _config.HeadDim; row++)
        {
            for (int column = 1; column < MemoryFirst; column++)
                rows[(row * _config.HiddenSize) + column] = scale * random.NextNormal();
        }

        return rows;
    }

    private double Angle(int pair) => Math.Pow(_config.RopeTheta, -2.0 * pair / _config.HeadDim);

    private Span<float> HeadRows(int layer, string name, int head) =>
        Weight(layer, name).Slice(head * _config.HeadDim * _config.HiddenSize, _config.HeadDim * _config.HiddenSize);

    private Span<float> Weight(int layer, string name) =>
        model.Parameters.First(parameter => parameter.Name == $"model.layers.{layer}.self_attn.{name}.weight").Value.Span;
}
