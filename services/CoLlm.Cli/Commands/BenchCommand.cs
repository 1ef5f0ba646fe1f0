using System.CommandLine;
using System.Text;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Models;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm bench</c>: how fast a model runs here, beside what the machine could do at best.</summary>
internal static class BenchCommand
{
    private static readonly int[] Batches = [1, 4, 16];

    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Model directory.", required: false);
        Option<string> shape = new("--shape") { Description = $"Random weights of a model's shape instead: {string.Join(", ", ModelShapes.Names)}." };
        shape.AcceptOnlyFromAmong([.. ModelShapes.Names]);
        Option<WeightFormat> weights = WeightsOption.Create();
        Option<string> backend = new("--backend") { Description = "cpu, or torch in builds with -p:Torch.", DefaultValueFactory = _ => "cpu" };
        backend.AcceptOnlyFromAmong("cpu", "torch");
        Option<string> device = new("--device") { Description = "Device of --backend torch: cuda:N or torch:cpu.", DefaultValueFactory = _ => "cuda:0" };
        Option<int> rounds = new("--rounds") { Description = "Readings of each kind; the median counts.", DefaultValueFactory = _ => 5 };
        var command = new Command("bench", "Measures decode and prefill speed beside the machine's read bandwidth and multiply-add rate. Decode: so many sequences "
            + $"of {SpeedReport.ContextTokens} tokens; prefill: so many prompts, {SpeedReport.PromptTokens} tokens together.")
        {
            model,
            shape,
            weights,
            backend,
            device,
            rounds,
        };
        command.SetAction(async (ParseResult result, CancellationToken cancellationToken) =>
        {
            try
            {
                using ICheckpoint checkpoint = Open(result.GetValue(model), result.GetValue(shape));
                int readings = Math.Clamp(result.GetValue(rounds), 1, 100);
                string report = result.GetValue(backend) == "torch"
                    ? DeviceBench.Measure(checkpoint, result.GetValue(device)!, readings, cancellationToken)
                    : Measure(checkpoint, result.GetValue(weights), readings, cancellationToken);
                await streams.Output.WriteAsync(Encoding.UTF8.GetBytes(report), cancellationToken);
                await streams.Output.FlushAsync(cancellationToken);
                return 0;
            }
            catch (Exception exception) when (exception is not OperationCanceledException)
            {
                await streams.Error.WriteLineAsync($"collm bench: {exception.Message}");
                return JsonLineCommand.CouldNotRun;
            }
        });
        return command;
    }

    private static ICheckpoint Open(string? directory, string? shape)
    {
        if ((directory is null) == (shape is null))
            throw new ArgumentException("Give either --model or --shape.");
        return directory is not null ? Checkpoint.Open(directory) : new RandomCheckpoint(ModelShapes.Find(shape!)!);
    }

    private static string Measure(ICheckpoint checkpoint, WeightFormat format, int rounds, CancellationToken cancellationToken)
    {
        using CpuBackend backend = CpuBackend.Load(checkpoint, new CpuBackendOptions { WeightFormat = format });
        SpeedReport report = new(checkpoint.Config, Batches);
        using CpuSpeed speed = new(backend, report.MostSequences, report.MostTokens);
        double[] medians = report.Measure(speed.ReadBandwidth, speed.MultiplyAddPeak, speed.Decode, speed.Prefill, rounds, cancellationToken);

        var text = new StringBuilder();
        text.Append($"kernels          {backend.Kernels}\n");
        text.Append($"threads          {backend.ThreadCount}\n");
        text.Append($"packed weights   {backend.PackedWeightBytes / 1e9:0.00} GB\n");
        text.Append($"read bandwidth   {medians[0] / 1e9:0.0} GB/s\n");
        text.Append($"multiply-adds    {medians[1] / 1e9:0} GFLOP/s\n");
        report.AppendTo(text, medians, backend.PackedWeightBytes, "read bandwidth", "multiply-add rate");
        return text.ToString();
    }
}
