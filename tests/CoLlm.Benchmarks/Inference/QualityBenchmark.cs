using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu;
using CoLlm.Testing.Golden;
using CoLlm.Testing.Reference;

namespace CoLlm.Benchmarks.Inference;

/// <summary>
/// What integer weights cost in perplexity: of the demo's trained models on text of their own subject, and of small random models
/// on what each draws with its exact weights, where that perplexity is the least possible and any change shows.
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
        report.Line("- Trained models: those of deploy/models/demo. The base answers the held-out questions of data/tasks, which it has not seen, in its chat format, and is measured on the answers; each expert is measured on the first sentences of its subject's answers as plain text, which it learned as such");
        report.Line($"- Random models: those of tests/golden, whose rows have 32 to 176 weights, so that rounding errors average out least; {Texts} texts of {TextTokens} tokens, drawn from the model itself at temperature 1 with exact weights (seeds 0..{Texts - 1})");
        report.Line();
        report.Line("| model | tokens | perplexity exact | int8 | change | int4 | change |");
        report.Line("|---|---:|---:|---:|---:|---:|---:|");
        foreach (string name in DemoTexts.Models)
            Measure(report, $"demo {name}", DemoTexts.DirectoryOf(name), DemoTexts.Read(name));
        foreach (string name in GoldenModel.Names)
        {
            using GoldenModel model = GoldenModel.Open(name);
            Measure(report, $"random {name}", model.ModelDirectory, [.. Enumerable.Range(0, Texts).Select(seed => new MeasuredText(Draw(model.ModelDirectory, seed), 1))]);
        }
        report.Save();
        return Task.FromResult(0);
    }

    private static void Measure(ResultFile report, string name, string directory, MeasuredText[] texts)
    {
        double exact = Perplexity(directory, texts, WeightFormat.AsStored);
        double int8 = Perplexity(directory, texts, WeightFormat.Int8);
        double int4 = Perplexity(directory, texts, WeightFormat.Int4);
        int tokens = texts.Sum(text => text.MeasuredTokens);
        report.Line($"| {name} | {tokens} | {exact:0.000} | {int8:0.000} | {int8 / exact - 1:+0.00 %;-0.00 %} | {int4:0.000} | {int4 / exact - 1:+0.00 %;-0.00 %} |");
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

    private static double Perplexity(string directory, MeasuredText[] texts, WeightFormat format)
    {
        using Checkpoint checkpoint = Checkpoint.Open(directory);
        using CpuBackend backend = Load(checkpoint, format);
        BackendSequence sequence = new(backend, texts.Max(text => text.Tokens.Length));
        double sum = 0;
        foreach (MeasuredText text in texts)
        {
            sequence.Reset();
            float[][] logits = sequence.Advance(text.Tokens).Logits;
            for (int i = text.From; i < text.Tokens.Length; i++)
                sum -= ReferenceMath.LogSoftmax(logits[i - 1], logits[i - 1].Length, text.Tokens[i]);
        }
        return Math.Exp(sum / texts.Sum(text => text.MeasuredTokens));
    }

    private static CpuBackend Load(Checkpoint checkpoint, WeightFormat format) => CpuBackend.Load(
        checkpoint, new CpuBackendOptions { WeightFormat = format, Storage = PackedWeightStorage.Memory, ThreadCount = 1 });
}
