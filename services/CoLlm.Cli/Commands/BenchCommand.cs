using System.CommandLine;
using System.Text;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Models;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Cpu.Measuring;
using CoLlm.Inference.Measuring;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm bench</c>: how fast a model runs here, beside what the machine could do at best.</summary>
internal static class BenchCommand
{
    private const int Context = 64;
    private const int PromptTokens = 256;
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
            + $"of {Context} tokens; prefill: so many prompts, {PromptTokens} tokens together.")
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
        int prompt = Math.Max(Math.Min(PromptTokens, checkpoint.Config.MaxPositionCount), Batches.Max());
        int context = Math.Min(Context, checkpoint.Config.MaxPositionCount - 1);
        using CpuSpeed speed = new(backend, Batches.Max(), Math.Max(prompt, context + 1));
        Func<double>[] readings =
        [
            speed.ReadBandwidth,
            speed.MultiplyAddPeak,
            .. Batches.Select<int, Func<double>>(batch => () => batch / speed.Decode(batch, context)),
            .. Batches.Select<int, Func<double>>(batch => () => prompt / batch * batch / speed.Prefill(prompt / batch, batch)),
        ];
        double[] medians = Readings.Medians(readings, rounds, cancellationToken);
        double bandwidth = medians[0];
        double peak = medians[1];
        double weightsRead = backend.PackedWeightBytes;
        double operations = 2.0 * StepSpeed.LayerWeights(checkpoint.Config);

        var text = new StringBuilder();
        text.Append($"threads          {backend.ThreadCount}\n");
        text.Append($"packed weights   {weightsRead / 1e9:0.00} GB\n");
        text.Append($"read bandwidth   {bandwidth / 1e9:0.0} GB/s\n");
        text.Append($"multiply-adds    {peak / 1e9:0} GFLOP/s\n");
        for (int i = 0; i < Batches.Length; i++)
        {
            double tokens = medians[2 + i];
            text.Append($"decode x{Batches[i],-2}       {tokens,7:0.0} tokens/s   {tokens / Batches[i] * weightsRead / bandwidth,4:P0} of the read bandwidth\n");
        }
        for (int i = 0; i < Batches.Length; i++)
        {
            double tokens = medians[2 + Batches.Length + i];
            text.Append($"prefill x{Batches[i],-2}      {tokens,7:0.0} tokens/s   {tokens * operations / peak,4:P0} of the multiply-add rate\n");
        }
        return text.ToString();
    }
}
