using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Testing.Golden;

namespace CoLlm.Inference.Cpu.Tests;

/// <summary>Golden outputs, with the best kernels on all threads.</summary>
public sealed class CpuBackendGoldenTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) =>
        CpuBackend.Load(checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory });
}

/// <summary>Golden outputs, on one thread.</summary>
public sealed class CpuBackendOneThreadGoldenTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) =>
        CpuBackend.Load(checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory, ThreadCount = 1 });
}

/// <summary>Golden outputs, with 256-bit registers.</summary>
public sealed class CpuBackendAvx2GoldenTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => CpuBackend.Load(
        checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory, ThreadCount = 1, InstructionSet = InstructionSet.Avx2 });
}

/// <summary>Golden outputs, with portable 128-bit operations.</summary>
public sealed class CpuBackendPortableGoldenTests : GoldenBackendTests
{
    protected override IInferenceBackend CreateBackend(ICheckpoint checkpoint) => CpuBackend.Load(
        checkpoint, new CpuBackendOptions { Storage = PackedWeightStorage.Memory, ThreadCount = 1, InstructionSet = InstructionSet.Portable });
}
