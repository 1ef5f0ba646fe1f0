using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing.Laws;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>The engine's laws over the CPU backend, by turns on one thread and on all: whatever the schedule, not a bit changes.</summary>
public sealed class CpuEngineLawTests : EngineLawTests
{
    private int _created;

    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => CpuBackend.Load(
        checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory, ThreadCount = _created++ % 2 });
}
