using System.Globalization;
using System.Text.Json;
using CoLlm.Inference.Checkpoints;
using CoLlm.Training.Model;
using CoLlm.Training.Optimization;
using CoLlm.Training.Output;

namespace CoLlm.Training.Running;

/// <summary>
/// Checkpoints of a running training: one folder each, complete or absent, with weights and optimizer moments in fp32, so that
/// continuing from one gives the bits of a run that was never interrupted.
/// </summary>
/// <param name="folder">Where they lie.</param>
/// <param name="configFile">The model's <c>config.json</c>.</param>
/// <param name="fingerprint">Of settings and data; a checkpoint made with others is refused.</param>
internal sealed class CheckpointStore(string folder, string configFile, string fingerprint)
{
    private const string Prefix = "step-";
    private const string MeanPrefix = "optimizer.mean.";
    private const string VariancePrefix = "optimizer.variance.";
    private const string StateFile = "state.json";

    /// <summary>Writes a checkpoint and deletes the earlier ones.</summary>
    public void Write(TrainerState state, int step)
    {
        Directory.CreateDirectory(folder);
        string path = Path.Combine(folder, Prefix + step.ToString("D8", CultureInfo.InvariantCulture));
        AtomicFolder.Write(path, partial =>
        {
            File.Copy(configFile, Path.Combine(partial, "config.json"));
            SafetensorsWriter.Write(Path.Combine(partial, "model.safetensors"), [.. Tensors(state)], SavedFormat.Float32);
            File.WriteAllText(Path.Combine(partial, StateFile), JsonSerializer.Serialize(new Saved(step, fingerprint)));
        });
        foreach (string older in Complete().Where(other => other != path))
            AtomicFolder.Delete(older);
    }

    /// <summary>Restores the newest checkpoint and returns its step; 0 where there is none.</summary>
    /// <exception cref="TrainingException">It was made with other settings or data, or is damaged.</exception>
    public int Restore(TrainerState state)
    {
        string? newest = Complete().LastOrDefault();
        if (newest is null)
            return 0;
        try
        {
            Saved saved = JsonSerializer.Deserialize<Saved>(File.ReadAllText(Path.Combine(newest, StateFile)))
                ?? throw new JsonException($"{StateFile} is empty.");
            if (saved.Fingerprint != fingerprint)
            {
                throw new TrainingException(
                    $"{newest}: this checkpoint was made with other settings or data; continue with those, or choose another work folder.");
            }

            using Checkpoint checkpoint = Checkpoint.Open(newest);
            foreach (Parameter parameter in state.Parameters)
                ModelWeights.Read(checkpoint, parameter.Name, parameter);
            foreach (AdamWState moments in state.Optimizer.States)
            {
                ModelWeights.Read(checkpoint, MeanPrefix + moments.Parameter.Name, moments.Parameter, moments.Mean);
                ModelWeights.Read(checkpoint, VariancePrefix + moments.Parameter.Name, moments.Parameter, moments.Variance);
            }

            return saved.Step;
        }
        catch (Exception e) when (e is CheckpointException or JsonException or IOException)
        {
            throw new TrainingException($"{newest}: the checkpoint cannot be read: {e.Message}", e);
        }
    }

    /// <summary>Deletes all checkpoints: the run is complete.</summary>
    public void Clear() => AtomicFolder.Delete(folder);

    private static IEnumerable<NamedTensor> Tensors(TrainerState state) =>
        state.Parameters.Select(NamedTensor.Of).Concat(state.Optimizer.States.SelectMany(moments => new[]
        {
            NamedTensor.Of(MeanPrefix + moments.Parameter.Name, moments.Parameter, moments.Mean),
            NamedTensor.Of(VariancePrefix + moments.Parameter.Name, moments.Parameter, moments.Variance),
        }));

    private IEnumerable<string> Complete() => !Directory.Exists(folder) ? [] :
        Directory.EnumerateDirectories(folder, Prefix + "*")
            .Where(path => !path.EndsWith(AtomicFolder.PartialSuffix, StringComparison.Ordinal)).Order(StringComparer.Ordinal);

    private sealed record Saved(int Step, string Fingerprint);
}
