using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Laws;
using CoLlm.Testing.Reference;

namespace CoLlm.Inference.Tests;

/// <summary>The engine's laws over a backend that reduces what is wanted of its logits.</summary>
public sealed class ReducingEngineLawTests : EngineLawTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => new ReducingBackend(new ReferenceBackend(checkpoint));
}
