using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;
using CoLlm.Router.Base;
using CoLlm.Testing;

namespace CoLlm.Router.Tests.Base;

/// <summary>Which swap head is used, and that one of other models is not.</summary>
public sealed class RouterSwapHeadTests : IDisposable
{
    private static readonly string Directory = RepositoryPaths.Golden("models", "co-llm-tiny");

    private readonly Checkpoint _checkpoint = Checkpoint.Open(Directory);
    private readonly Tokenizer _tokenizer = Tokenizer.Load(Directory);
    private readonly TemporaryDirectory _folder = new();

    public void Dispose()
    {
        _checkpoint.Dispose();
        _folder.Dispose();
    }

    [Fact]
    public void Load_NoFileAndADeferralToken_TakesTheLastRowForTheOnlyExpert()
    {
        RouterSwapHead head = Load(new SwapHeadOptions(), "expert");
        Assert.Equal(ResearchConvention.ReadSwapHead(_checkpoint).Theta, head.Head!.Theta);
        Assert.True(head.UsesDeferralRow);
        Assert.Null(Load(new SwapHeadOptions(), "one", "two").Head);
        Assert.Null(Load(new SwapHeadOptions { ResearchConvention = false }, "expert").Head);
    }

    [Fact]
    public void Load_FileOfTheRunningModels_PinsTheExpertsWeights()
    {
        string file = WriteHead(_folder, _checkpoint.Fingerprint, "b", "a");
        RouterSwapHead head = Load(new SwapHeadOptions { File = file }, "a", "b");
        Assert.Equal(["weights of a", "weights of b"], head.ExpertFingerprints);
        Assert.Equal(2, head.Head!.ExpertCount);
    }

    [Fact]
    public void Load_FileOfAnotherBase_IsRefusedUnlessAllowed()
    {
        string file = WriteHead(_folder, "another", "expert");
        CheckpointException exception = Assert.Throws<CheckpointException>(() => Load(new SwapHeadOptions { File = file }, "expert"));
        Assert.Contains($"base model another, but {_checkpoint.Fingerprint} is running", exception.Message, StringComparison.Ordinal);

        RouterSwapHead head = Load(new SwapHeadOptions { File = file, AllowMismatch = true }, "expert");
        Assert.Contains("another", Assert.Single(head.AllowedMismatches), StringComparison.Ordinal);
        Assert.Equal([""], head.ExpertFingerprints);
    }

    [Fact]
    public void Load_FileWithoutOneOfTheExperts_IsRefusedNamingIt()
    {
        string file = WriteHead(_folder, _checkpoint.Fingerprint, "maths");
        CheckpointException exception = Assert.Throws<CheckpointException>(() => Load(new SwapHeadOptions { File = file }, "maths", "medicine"));
        Assert.Contains("medicine", exception.Message, StringComparison.Ordinal);
    }

    /// <summary>Writes a head for experts of these names, with this model's tokenizer.</summary>
    internal static string WriteHead(TemporaryDirectory folder, string baseFingerprint, params string[] experts)
    {
        ExpertIdentity[] identities = [.. experts.Select(name => new ExpertIdentity(name, $"weights of {name}"))];
        var identity = new SwapHeadIdentity(baseFingerprint, Tokenizer.Load(Directory).Fingerprint, identities);
        new SwapHeadFile(new SwapHead(new float[48 * experts.Length], 48), identity, null).Write(folder.File("head.safetensors"));
        return folder.File("head.safetensors");
    }

    private RouterSwapHead Load(SwapHeadOptions options, params string[] experts) => RouterSwapHead.Load(options, _checkpoint, _tokenizer, experts);
}
