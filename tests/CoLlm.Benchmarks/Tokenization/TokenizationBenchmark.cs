using System.Globalization;
using System.Text;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Benchmarks.Transport;
using CoLlm.Inference.Tokenization;
using CoLlm.Inference.Tokenization.PreTokenization;
using CoLlm.Testing;

namespace CoLlm.Benchmarks.Tokenization;

/// <summary>
/// How fast text becomes words and ids: scanners beside the same expressions, and whole tokenizers beside Hugging Face's own, a
/// process that answers lines (<c>peer-tokenizers.mjs</c> beside this file) and waits while we measure.
/// </summary>
internal static class TokenizationBenchmark
{
    public const string Name = "tokenization";
    public const string Summary = "Pre-tokenising and encoding, [FOLDER_WITH_NODE_MODULES] of the package tokenizers: results/tokenization.md";

    private const int Rounds = 5, WordPasses = 3, WordWarmup = 12, OwnWarmup = 30;

    private static readonly string[] Tokenizers = ["gpt2-bpe", "llama3-bpe", "qwen2-bpe", "llama2-metaspace", "llama2-spm"];

    public static async Task<int> RunAsync(string[] args)
    {
        ResultFile report = new("tokenization", "Tokenising speed", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {Name} NODE_FOLDER");
        report.Line($"- One thread; {Rounds} rounds of {WordPasses} passes (of one for whole tokenizers) in turns, warmed up; MB are 10^6 bytes of UTF-8, from the median; ratios are medians of the rounds' ratios");
        foreach ((string name, string text) in SampleTexts.All)
            report.Line($"- Text \"{name}\": {BytesOf(text) / 1e6:0.00} MB for words, {BytesOf(SampleTexts.Shorter(text)) / 1e6:0.00} MB for ids");
        await MeasurePatternsAsync(report);
        await MeasureTokenizersAsync(report, args.Length > 0 ? args[0] : null);
        report.Save();
        return 0;
    }

    private static async Task MeasurePatternsAsync(ResultFile report)
    {
        string code = SampleTexts.All[1].Text;
        foreach ((_, ITextPattern scanner, string expression) in PatternContenders.Scanned)
        {
            await PatternContenders.Of("scanner", scanner, code).MeasureAsync(OwnWarmup);
            await PatternContenders.Of("expression", RegexPattern.Parse(expression), code).MeasureAsync(OwnWarmup);
        }

        report.Heading("Words: a scanner beside the same expression");
        report.Line("| pattern | text | scanner MB/s | expression MB/s | scanner / expression |");
        report.Line("|---|---|---:|---:|---:|");
        foreach ((string pattern, ITextPattern scanner, string expression) in PatternContenders.Scanned)
        {
            foreach ((string name, string text) in SampleTexts.All)
            {
                IReadOnlyList<RoundStatistics> rows = await RunWordsAsync(
                    PatternContenders.Of("scanner", scanner, text), PatternContenders.Of("expression", RegexPattern.Parse(expression), text));
                report.Line($"| {pattern} | {name} | {Speed(text, rows[0])} | {Speed(text, rows[1])} | {rows[1].MedianRatio:0.0} |");
            }
        }

        report.Heading("Words: expressions without a scanner");
        report.Line($"| pattern | {string.Join(" | ", SampleTexts.All.Select(sample => $"{sample.Name} MB/s"))} |");
        report.Line($"|---|{string.Concat(SampleTexts.All.Select(_ => "---:|"))}");
        foreach ((string pattern, string expression) in PatternContenders.Others)
        {
            List<string> speeds = [];
            foreach ((_, string text) in SampleTexts.All)
                speeds.Add(Speed(text, (await RunWordsAsync(PatternContenders.Of("expression", RegexPattern.Parse(expression), text)))[0]));
            report.Line($"| {pattern} | {string.Join(" | ", speeds)} |");
        }
    }

    private static async Task MeasureTokenizersAsync(ResultFile report, string? nodeFolder)
    {
        using ChildProcess? peer = nodeFolder is null
            ? null
            : new ChildProcess("node", Path.Combine(AppContext.BaseDirectory, "Tokenization", "peer-tokenizers.mjs"), nodeFolder);
        string version = peer is null ? "not run" : (await peer.ReadAsync()).Split(' ')[1];
        report.Heading("Ids: whole tokenizers beside Hugging Face's");
        report.Line($"The tokenizers are the golden ones (vocabularies of 512 pieces, so words take more merges than in published ones). The peer is tokenizers {version}, in Rust, through its Node binding, which also works out offsets.");
        report.Line();
        report.Line("| tokenizer | text | ours MB/s | theirs MB/s | ours / theirs | same ids |");
        report.Line("|---|---|---:|---:|---:|---|");
        foreach (string tokenizer in Tokenizers)
        {
            foreach ((string name, string text) in SampleTexts.All)
                report.Line($"| {tokenizer} | {name} | {await MeasureTokenizerAsync(tokenizer, SampleTexts.Shorter(text), peer)} |");
        }
    }

    private static async Task<string> MeasureTokenizerAsync(string name, string text, ChildProcess? peer)
    {
        string directory = RepositoryPaths.Golden("tokenizers", name);
        Tokenizer tokenizer = Tokenizer.Load(directory);
        for (int pass = 0; pass < OwnWarmup; pass++)
            tokenizer.Encode(text, addSpecial: false);
        Contender ours = Contender.Timed("ours", () => tokenizer.Encode(text, addSpecial: false));
        if (peer is null)
            return $"{Speed(text, (await RunIdsAsync(ours))[0])} | | | ";

        string textFile = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(textFile, text);
            string question = $"{Path.Combine(directory, "tokenizer.json")}\t{textFile}";
            string checksum = string.Empty;
            Contender theirs = new("theirs", async count =>
            {
                double[] samples = new double[count];
                for (int index = 0; index < count; index++)
                {
                    string[] answer = (await peer.AskAsync(question)).Split(' ');
                    samples[index] = double.Parse(answer[0], CultureInfo.InvariantCulture) * 1e6;
                    checksum = answer[1];
                }

                return samples;
            });
            IReadOnlyList<RoundStatistics> rows = await RunIdsAsync(ours, theirs);
            uint sum = 0;
            foreach (int id in tokenizer.Encode(text, addSpecial: false))
                sum = unchecked((sum * 31) + (uint)id);
            bool isSame = checksum == sum.ToString(CultureInfo.InvariantCulture);
            return $"{Speed(text, rows[0])} | {Speed(text, rows[1])} | {rows[1].MedianRatio:0.0} | {(isSame ? "yes" : "NO")}";
        }
        finally
        {
            File.Delete(textFile);
        }
    }

    private static Task<IReadOnlyList<RoundStatistics>> RunWordsAsync(params Contender[] contenders) =>
        InterleavedRounds.RunAsync(contenders, Rounds, WordPasses, WordWarmup);

    private static Task<IReadOnlyList<RoundStatistics>> RunIdsAsync(params Contender[] contenders) =>
        InterleavedRounds.RunAsync(contenders, Rounds, operations: 1, warmupOperations: 1);

    private static int BytesOf(string text) => Encoding.UTF8.GetByteCount(text);

    private static string Speed(string text, RoundStatistics row) => (BytesOf(text) / row.Median).ToString("0.0", CultureInfo.InvariantCulture);
}
