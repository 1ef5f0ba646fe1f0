using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Testing;
using CoLlm.Training.Kernels;
using CoLlm.Training.Losses;
using CoLlm.Training.Model;

namespace CoLlm.Training.Tests.Losses;

/// <summary>The golden training set-up: llama-tiny with the golden theta, ready for a pass, and the reference's numbers.</summary>
internal sealed class GoldenTraining : IDisposable
{
    private readonly JsonDocument _json = JsonDocument.Parse(File.ReadAllText(RepositoryPaths.Golden("training", "llama-tiny", "training.json")));

    public GoldenTraining(int threadCount = 2)
    {
        Compute = new ComputeContext(threadCount);
        using Checkpoint checkpoint = Checkpoint.Open(RepositoryPaths.Golden("models", "llama-tiny"));
        Model = ModelWeights.Load(checkpoint);
        Theta = new Parameter("theta", 1, checkpoint.Config.HiddenSize);
        Tensors["theta"].CopyTo(Theta.Value.Span);
        foreach (Parameter parameter in Parameters)
            parameter.Train();
        Pass = new TrainingPass(Compute, Model, Theta);
    }

    public GoldenTensors Tensors { get; } = new(RepositoryPaths.Golden("training", "llama-tiny", "training.safetensors"));

    public ComputeContext Compute { get; }

    public TrainableModel Model { get; }

    public Parameter Theta { get; }

    public TrainingPass Pass { get; }

    public IEnumerable<Parameter> Parameters => Model.Parameters.Append(Theta);

    public JsonElement Marginal => _json.RootElement.GetProperty("marginal");

    public JsonElement MaskedBatch => _json.RootElement.GetProperty("masked_batch");

    public JsonElement BceInit => _json.RootElement.GetProperty("bce_init");

    public TrainingSequence MarginalSequence
    {
        get
        {
            int[] ids = Integers(Marginal.GetProperty("ids"));
            return new TrainingSequence(ids, [.. Enumerable.Repeat(true, ids.Length - 1)], [Tensors["l1"]]);
        }
    }

    public TrainingSequence[] MaskedSequences =>
    [
        .. MaskedBatch.GetProperty("sequences").EnumerateArray().Zip(MaskedBatch.GetProperty("target_mask").EnumerateArray())
            .Select((pair, i) => new TrainingSequence(
                Integers(pair.First), [.. Integers(pair.Second).Select(flag => flag == 1)], [Tensors[$"masked.l1.{i}"]])),
    ];

    public Parameter Named(string name) => Parameters.Single(parameter => parameter.Name == name);

    public static int[] Integers(JsonElement list) => [.. list.EnumerateArray().Select(item => item.GetInt32())];

    public void Dispose()
    {
        Compute.Dispose();
        _json.Dispose();
    }
}
