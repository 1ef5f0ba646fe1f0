using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Laws;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>The engine's laws over the slow twin, whose logits come back whole.</summary>
public sealed class ReferenceEngineLawTests : EngineLawTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => new ReferenceBackend(checkpoint);
}
