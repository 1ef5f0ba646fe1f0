using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Training.Kernels;
using CoLlm.Training.Model;
using CoLlm.Training.Output;

namespace CoLlm.Training.Tests.Output;

public sealed class SafetensorsWriterTests
{
    [Theory]
    [InlineData(0x3F80_0000u, 0x3F80)]
    [InlineData(0x3F80_8000u, 0x3F80)]
    [InlineData(0x3F81_8000u, 0x3F82)]
    [InlineData(0x3F80_8001u, 0x3F81)]
    [InlineData(0x7F7F_FFFFu, 0x7F80)]
    [InlineData(0xFF80_0000u, 0xFF80)]
    [InlineData(0x7F80_0001u, 0x7FC0)]
    public void ToBFloat16_Value_RoundsToNearestEven(uint bits, int expected) =>
        Assert.Equal(expected, SafetensorsWriter.ToBFloat16(BitConverter.UInt32BitsToSingle(bits)));

    [Theory]
    [InlineData("llama-tiny", SavedFormat.Float32)]
    [InlineData("llama-tiny", SavedFormat.Bfloat16)]
    [InlineData("qwen2-tiny", SavedFormat.Bfloat16)]
    [InlineData("qwen3-tiny", SavedFormat.Float32)]
    public void Write_GoldenModel_IsReadBackBitForBit(string name, SavedFormat format)
    {
        using TemporaryDirectory folder = new();
        string source = RepositoryPaths.Golden("models", name);
        using Checkpoint checkpoint = Checkpoint.Open(source);
        using ComputeContext compute = new(1);
        TrainableModel model = ModelWeights.Load(checkpoint);

        ModelFolder.Write(folder.Path, source, ModelFolder.MergedTensors(compute, model), format);

        using Checkpoint written = Checkpoint.Open(folder.Path);
        foreach ((Parameter expected, Parameter actual) in model.Parameters.Zip(ModelWeights.Load(written).Parameters))
            Assert.Equal(expected.Value.Span.ToArray(), actual.Value.Span.ToArray());
        Assert.Equal(checkpoint.Tensors.Select(tensor => tensor.Name).Order(), written.Tensors.Select(tensor => tensor.Name).Order());
        Assert.Contains(format == SavedFormat.Float32 ? "\"float32\"" : "\"bfloat16\"", File.ReadAllText(folder.File("config.json")), StringComparison.Ordinal);
    }

    [Fact]
    public void MergedTensors_Adapter_ComputesWhatTheAdapterDid()
    {
        using ComputeContext compute = new(1);
        TrainableModel model = TinyModels.Lively(TinyModels.Llama);
        SeededRandom random = new(9);
        foreach (Projection projection in model.Layers.SelectMany(layer => layer.Projections))
        {
            projection.Adapter = new LoraAdapter(projection.Weight, rank: 3, alpha: 6, random);
            foreach (ref float value in projection.Adapter.Up.Value.Span)
                value = 0.1f * random.NextNormal();
        }

        PackedBatch batch = new(TinyModels.Sequences(0, lengths: [30]), 0);
        model.Forward(compute, batch);
        float[] expected = model.Hidden.Span.ToArray();
        TrainableModel merged = TinyModels.Lively(TinyModels.Llama);
        foreach ((NamedTensor tensor, Parameter parameter) in ModelFolder.MergedTensors(compute, model).Zip(merged.Parameters))
            tensor.Values.Span.CopyTo(parameter.Value.Span);

        merged.Forward(compute, batch);

        Assert.All(expected.Zip(merged.Hidden.Span.ToArray()), pair => Assert.Equal(pair.First, pair.Second, 1e-4));
        Assert.NotEqual(expected, Plain(compute, batch));
    }

    private static float[] Plain(ComputeContext compute, PackedBatch batch)
    {
        TrainableModel model = TinyModels.Lively(TinyModels.Llama);
        model.Forward(compute, batch);
        return model.Hidden.Span.ToArray();
    }
}
