using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Checkpoints;

public sealed class CheckpointTests
{
    public static TheoryData<string> Names =>
        ["co-llm-tiny", "llama-tiny", "llama3-tiny", "mistral-tiny", "pair-base", "pair-expert", "qwen2-tiny", "qwen3-tiny"];

    [Theory]
    [MemberData(nameof(Names))]
    public void Open_GoldenCheckpoint_HoldsTheTensorsItsConfigAsksFor(string name)
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", name));
        int vocabulary = checkpoint.Config.VocabularySize;
        int hidden = checkpoint.Config.HiddenSize;

        TensorView embedding = checkpoint.GetTensor("model.embed_tokens.weight", vocabulary, hidden);

        Assert.Equal(vocabulary * hidden * (embedding.ElementType == ElementType.Float32 ? 4 : 2), embedding.ByteLength);
        Assert.Equal(checkpoint.Config.TiesEmbeddings, !checkpoint.Contains("lm_head.weight"));
        Assert.Equal(name == "qwen2-tiny", checkpoint.Contains("model.layers.1.self_attn.k_proj.bias"));
        Assert.Equal(name == "qwen3-tiny", checkpoint.Contains("model.layers.1.self_attn.k_norm.weight"));
    }

    [Fact]
    public void GetTensor_OtherShape_SaysBothShapes()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));

        var error = Assert.Throws<CheckpointException>(() => checkpoint.GetTensor("model.norm.weight", 65));

        Assert.Equal("model.safetensors: tensor 'model.norm.weight' has the shape [64], but config.json asks for [65].", error.Message);
    }

    [Fact]
    public void GetTensor_Absent_NamesTheFile()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama3-tiny"));

        var error = Assert.Throws<CheckpointException>(() => checkpoint.GetTensor("lm_head.weight", 512, 32));

        Assert.Equal("model.safetensors.index.json: tensor 'lm_head.weight' is missing.", error.Message);
    }

    [Fact]
    public void ContentKey_SameFilesTwice_IsEqual()
    {
        using Checkpoint first = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));
        using Checkpoint second = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));

        Assert.Equal(first.ContentKey, second.ContentKey);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void ContentKey_LastRowOfTheHeadEdited_ChangesEvenWithTheOldTime(bool restoreTime)
    {
        using TemporaryDirectory folder = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "co-llm-tiny"));
        string file = folder.File("model.safetensors");
        DateTime time = File.GetLastWriteTimeUtc(file);
        string before = KeyOf(folder.Path);
        long lastByteOfHead = LastByteOf(folder.Path, "lm_head.weight");

        byte[] content = File.ReadAllBytes(file);
        content[lastByteOfHead] ^= 1;
        File.WriteAllBytes(file, content);
        File.SetLastWriteTimeUtc(file, restoreTime ? time : time.AddSeconds(1));

        Assert.NotEqual(before, KeyOf(folder.Path));
    }

    [Fact]
    public void ContentKey_OnlyTheTimeMoved_Changes()
    {
        using TemporaryDirectory folder = new TemporaryDirectory().CopyFrom(RepositoryPaths.Golden("models", "pair-base"));
        string before = KeyOf(folder.Path);

        File.SetLastWriteTimeUtc(folder.File("model.safetensors"), new DateTime(2020, 1, 1, 0, 0, 0, DateTimeKind.Utc));

        Assert.NotEqual(before, KeyOf(folder.Path));
    }

    private static string KeyOf(string directory)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        return checkpoint.ContentKey;
    }

    private static long LastByteOf(string directory, string tensor)
    {
        using SafetensorsFile file = SafetensorsFile.Open(Path.Combine(directory, "model.safetensors"));
        return file.Length - file.Tensors.Values.Max(t => t.End) + file.Tensors[tensor].End - 1;
    }
}
