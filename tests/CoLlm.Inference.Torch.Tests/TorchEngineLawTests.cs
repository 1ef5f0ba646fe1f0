using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Laws;

namespace CoLlm.Inference.Torch.Tests;

/// <summary>The engine's laws over this backend: whatever the schedule, the numbers are those of a plain run up to rounding.</summary>
public sealed class TorchEngineLawTests : EngineLawTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => TorchUnderTest.Load(checkpoint);
}
