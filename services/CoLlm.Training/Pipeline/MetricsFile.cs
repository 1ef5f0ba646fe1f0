using System.Text.Json;
using CoLlm.Training.Running;

namespace CoLlm.Training.Pipeline;

/// <summary>Keeps every step's figures as a JSON line and passes them on.</summary>
internal sealed class MetricsFile : IProgress<TrainingProgress>, IDisposable
{
    private static readonly JsonSerializerOptions SnakeCase = new() { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower };

    private readonly StreamWriter _file;
    private readonly IProgress<TrainingProgress>? _next;

    /// <summary>Opens the file; lines of steps that a killed run took after its last checkpoint are dropped.</summary>
    public MetricsFile(string path, int firstStep, IProgress<TrainingProgress>? next)
    {
        string[] kept = File.Exists(path) ? [.. File.ReadLines(path).Take(firstStep)] : [];
        _file = new StreamWriter(path) { NewLine = "\n", AutoFlush = true };
        _next = next;
        foreach (string line in kept)
            _file.WriteLine(line);
    }

    public void Report(TrainingProgress value)
    {
        _file.WriteLine(JsonSerializer.Serialize(
            new
            {
                value.Step,
                value.Loss,
                value.BaseLoss,
                value.DeferralRate,
                value.MeanDeferralProbability,
                value.GradientNorm,
                value.LearningRate,
                value.TokensPerSecond,
            },
            SnakeCase));
        _next?.Report(value);
    }

    public void Dispose() => _file.Dispose();
}
