using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests.Backends;

/// <summary>The slow twin itself agrees with the golden data, so comparing others to it means something.</summary>
public sealed class ReferenceBackendTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => new ReferenceBackend(checkpoint);
}
