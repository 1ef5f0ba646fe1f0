using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Golden;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>Golden outputs, computed in single precision.</summary>
public sealed class TorchBackendGoldenTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => TorchUnderTest.Load(checkpoint);
}
