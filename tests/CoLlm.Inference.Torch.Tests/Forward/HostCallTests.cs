using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Models;
using TorchSharp;

namespace CoLlm.Inference.Torch.Tests.Forward;

/// <summary>
/// The host's work per layer and step, as the project's README states it: TorchSharp counts the tensors it makes, one for every call that
/// does not work in place. More calls are a slower decode step on every GPU, whatever the model.
/// </summary>
public sealed class HostCallTests
{
    public static TheoryData<string, int[], int> Steps => new()
    {
        { "llama", [1], 29 },
        { "llama", [1, 1, 1], 28 },
        { "llama", [9], 32 },
        { "qwen2", [1], 29 },
        { "qwen3", [1], 37 },
        { "llama", [1, 1, 9], 44 },
    };

    [Theory]
    [MemberData(nameof(Steps))]
    public void Run_OfOneMoreLayer_MakesSoManyTensors(string family, int[] rows, int perLayer) =>
        Assert.Equal(perLayer, Count(family, rows, layers: 3) - Count(family, rows, layers: 2));

    [Fact]
    public void Run_StepAfterStep_LeavesNoTensorBehind()
    {
        using MemoryCheckpoint checkpoint = Model("llama", 2);
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(8, 16, 16, 16);
        Step(backend, [1, 9]);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
            Step(backend, [1, 9]);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static long Count(string family, int[] rows, int layers)
    {
        using MemoryCheckpoint checkpoint = Model(family, layers);
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(8, 16, 16, 16);
        Step(backend, rows);
        long before = DisposeScopeManager.Statistics.CreatedInScopeCount;
        Step(backend, rows);
        return DisposeScopeManager.Statistics.CreatedInScopeCount - before;
    }

    private static void Step(TorchBackend backend, int[] rows)
    {
        var plan = new StepPlan();
        for (int i = 0; i < rows.Length; i++)
            plan.Add([.. Enumerable.Range(0, rows[i])], 3, [(2 * i) + 1, 2 * i], [rows[i] - 1]);
        backend.Run(plan, new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize));
    }

    private static MemoryCheckpoint Model(string family, int layers)
    {
        ModelConfig config = MemoryCheckpoint.Shape() with
        {
            LayerCount = layers,
            HasProjectionBias = family == "qwen2",
            HasQueryKeyNorm = family == "qwen3",
        };
        return new MemoryCheckpoint(config, ElementType.BFloat16);
    }
}
