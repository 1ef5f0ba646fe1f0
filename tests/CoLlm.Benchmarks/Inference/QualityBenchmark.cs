using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;

namespace CoLlm.Benchmarks.Inference;

/// <summary>
/// What integer weights cost in perplexity. The models at hand are small and random, so the text is what each model itself
/// draws with its exact weights: its perplexity under the exact weights is the least possible, and any change shows.
/// </summary>
internal static class QualityBenchmark
{
    public const string Name = "inference-quality";
    public const string Summary = "Perplexity of int8 and int4 weights against the exact ones: results/inference-quality.md";

    private const int Texts = 8;
    private const int TextTokens = 200;

    public static Task<int> RunAsync(string[] args)
    {
        ResultFile report = new("inference-quality", "Quality of integer weights", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name}");
        report.Line($"- {Texts} texts of {TextTokens} tokens per model, drawn from the model itself at temperature 1 with exact weights (seeds 0..{Texts - 1})");
        report.Line("- The models are the small random ones of tests/golden: rows of 32 to 176 weights, where rounding errors average out least; no trained checkpoint was at hand to measure");
        report.Line();
        report.Line("| model | perplexity exact | int8 | change | int4 | change |");
        report.Line("|---|---:|---:|---:|---:|---:|");
        foreach (string name in GoldenModel.Names)
        {
            using GoldenModel model = GoldenModel.Open(name);
            int[][] texts = [.. Enumerable.Range(0, Texts).Select(seed => Draw(model.ModelDirectory, seed))];
            double exact = Perplexity(model.ModelDirectory, texts, WeightFormat.AsStored);
            double int8 = Perplexity(model.ModelDirectory, texts, WeightFormat.Int8);
            double int4 = Perplexity(model.ModelDirectory, texts, WeightFormat.Int4);
            report.Line($"| {name} | {exact:0.000} | {int8:0.000} | {int8 / exact - 1:+0.00 %;-0.00 %} | {int4:0.000} | {int4 / exact - 1:+0.00 %;-0.00 %} |");
        }
        report.Save();
        return Task.FromResult(0);
    }

    private static int[] Draw(string directory, int seed)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        using CpuBackend backend = Load(checkpoint, WeightFormat.AsStored);
        BackendSequence sequence = new(backend, TextTokens + 1);
        Random random = new(seed);
        int[] tokens = new int[TextTokens];
        tokens[0] = 1 + seed;
        for (int i = 1; i < TextTokens; i++)
        {
            float[] logits = sequence.Advance([tokens[i - 1]]).Logits[0];
            double left = random.NextDouble();
            int token = -1;
            while (left > 0 && token < logits.Length - 1)
                left -= Math.Exp(ReferenceMath.LogSoftmax(logits, logits.Length, ++token));
            tokens[i] = token;
        }
        return tokens;
    }

    private static double Perplexity(string directory, int[][] texts, WeightFormat format)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        using CpuBackend backend = Load(checkpoint, format);
        BackendSequence sequence = new(backend, TextTokens);
        double sum = 0;
        foreach (int[] text in texts)
        {
            sequence.Reset();
            float[][] logits = sequence.Advance(text).Logits;
            for (int i = 1; i < text.Length; i++)
                sum -= ReferenceMath.LogSoftmax(logits[i - 1], logits[i - 1].Length, text[i]);
        }
        return Math.Exp(sum / (texts.Length * (TextTokens - 1)));
    }

    private static CpuBackend Load(Checkpoint checkpoint, WeightFormat format) => CpuBackend.Load(
        checkpoint, new CpuBackendOptions { WeightFormat = format, Storage = PackedWeightStorage.Memory, ThreadCount = 1 });
}
