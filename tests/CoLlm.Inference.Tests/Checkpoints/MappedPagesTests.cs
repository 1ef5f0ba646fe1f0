using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.Checkpoints;

public sealed class MappedPagesTests
{
    [Fact]
    public unsafe void Populate_UnalignedPartOfAMapping_ReadsWithoutLeavingIt()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));
        TensorView tensor = checkpoint.GetTensor("lm_head.weight", 512, 64);

        MappedPages.Populate(tensor.Data + 1, tensor.ByteLength - 1);
        MappedPages.Populate(tensor.Data, 0);
    }

    [Fact]
    public unsafe void Populate_Cancelled_StopsBeforeTheNextPiece()
    {
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));
        TensorView tensor = checkpoint.GetTensor("lm_head.weight", 512, 64);
        using CancellationTokenSource cancellation = new();
        cancellation.Cancel();

        Assert.Throws<OperationCanceledException>(() => MappedPages.Populate(tensor.Data, tensor.ByteLength, cancellation.Token));
    }
}
