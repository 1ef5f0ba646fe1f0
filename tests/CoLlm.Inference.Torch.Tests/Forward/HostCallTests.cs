using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Tests;
using CoLlm.Inference.Models;
using CoLlm.Inference.Sampling;
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

    public static TheoryData<string, int, int> Reductions => new()
    {
        { "logits", 0, 75 },
        { "greedy", 17, 4 },
        { "greedy, penalty", 32, 4 },
        { "sampled", 41, 4 },
        { "min-p, penalty", 51, 4 },
        { "top-k, top-p", 67, 4 },
        { "top-p", 64, 4 },
        { "8 most probable", 27, 16 },
        { "score", 17, 4 },
    };

    [Theory]
    [MemberData(nameof(Reductions))]
    public void Run_WithAReduction_MakesSoManyTensorsAndBringsSoManyNumbersBack(string form, int tensors, int numbersPerOutput)
    {
        foreach (int[] rows in (int[][])[[1], [1, 1, 1]])
        {
            Assert.Equal(tensors, Count("llama", rows, layers: 1, form) - Count("llama", rows, layers: 1));
            using MemoryCheckpoint checkpoint = Model("llama", 1);
            using TorchBackend backend = TorchUnderTest.Load(checkpoint);
            backend.AllocateKvCache(8, 16, 16, 16);
            Step(backend, rows, form);
            int hiddenStateAndSums = backend.Config.HiddenSize + 2;
            Assert.Equal(sizeof(float) * rows.Length * (hiddenStateAndSums + numbersPerOutput), backend.BytesFetched);
        }
    }

    [Theory]
    [InlineData("logits")]
    [InlineData("top-k, top-p")]
    public void Run_StepAfterStep_LeavesNoTensorBehind(string form)
    {
        using MemoryCheckpoint checkpoint = Model("llama", 2);
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(8, 16, 16, 16);
        Step(backend, [1, 9], form);
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        for (int i = 0; i < 5; i++)
            Step(backend, [1, 9], form);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    private static long Count(string family, int[] rows, int layers, string form = "logits")
    {
        using MemoryCheckpoint checkpoint = Model(family, layers);
        using TorchBackend backend = TorchUnderTest.Load(checkpoint);
        backend.AllocateKvCache(8, 16, 16, 16);
        Step(backend, rows, form);
        long before = DisposeScopeManager.Statistics.CreatedInScopeCount;
        Step(backend, rows, form);
        return DisposeScopeManager.Statistics.CreatedInScopeCount - before;
    }

    private static void Step(TorchBackend backend, int[] rows, string form = "logits")
    {
        var plan = new StepPlan();
        for (int i = 0; i < rows.Length; i++)
            plan.Add([.. Enumerable.Range(0, rows[i])], 3, [(2 * i) + 1, 2 * i], [rows[i] - 1], Reduction(form), new int[3 + rows[i]]);
        backend.Run(plan, new StepOutput(backend.Config.VocabularySize, backend.Config.HiddenSize));
    }

    private static OutputReduction Reduction(string form)
    {
        int vocabulary = MemoryCheckpoint.Shape().VocabularySize;
        return form switch
        {
            "logits" => OutputReduction.None,
            "8 most probable" => OutputReduction.TopK(8, vocabulary),
            "score" => OutputReduction.Score(new[] { 1 }, vocabulary),
            _ => OutputReduction.Token(Sampling(form), vocabulary),
        };
    }

    private static SamplingParameters Sampling(string form) => form switch
    {
        "greedy" => SamplingParameters.Greedy,
        "greedy, penalty" => SamplingParameters.Create(repetitionPenalty: 1.2f),
        "sampled" => SamplingParameters.Create(0.8f),
        "min-p, penalty" => SamplingParameters.Create(0.8f, minP: 0.05f, repetitionPenalty: 1.2f),
        "top-k, top-p" => SamplingParameters.Create(0.8f, topK: 40, topP: 0.9f),
        _ => SamplingParameters.Create(0.8f, topP: 0.9f),
    };

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
