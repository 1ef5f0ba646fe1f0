using CoLlm.Benchmarks.Rounds;
using CoLlm.Decoding;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Models;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Writes what was measured, each number beside what was asked for.</summary>
internal sealed class CollaborationReport
{
    private readonly ResultFile _file = new(
        CollaborationBenchmark.Name, "Two services, one answer", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {CollaborationBenchmark.Name}");

    private bool _isReached = true;

    public CollaborationReport(IEnumerable<ModelPair> pairs)
    {
        foreach (ModelPair pair in pairs)
            _file.Line($"- {pair.Title}: base {Size(pair.Base)}, expert {Size(pair.Expert)}, {(pair.Weights == WeightFormat.AsStored ? "bfloat16" : pair.Weights.ToString().ToLowerInvariant())}, random weights, vocabulary {ModelPair.VocabularySize}");
        _file.Line($"- Router and expert a process each on loopback, each with half the cores ({GeneratedModels.Threads} compute thread)");
        _file.Line($"- Prompts of {RouterAnswer.PromptTokens} tokens, answers of {RouterAnswer.AnswerTokens}, temperature 1, seeded; no prompt is asked twice");
        _file.Line($"- The expert's KV pool holds {GeneratedModels.CachedAnswers} such answers, so that it is full of old prefixes, as a service's is that has run for some minutes");
        _file.Line($"- {RoundTrips.Rounds * RoundTrips.PerRound} round trips of each kind in {RoundTrips.Rounds} interleaved rounds after a warm-up");
    }

    /// <summary>An expert that computes next to nothing.</summary>
    public void WarmAsks(RoundTrips trips)
    {
        Asks("One Ask and its Answer without the forward pass: an expert that computes next to nothing", trips);
        _file.Line($"The expert has {Size(ModelPair.NextToNothing)} parameters in one layer. What remains is transport and session, in warm caches: what our code costs.");
    }

    /// <summary>The small pair's expert.</summary>
    public void ColdAsks(RoundTrips trips)
    {
        Asks("The same around the pass of the small pair's expert", trips);
        _file.Line("The pass has pushed everything else out of the caches, and processor and threads have gone to sleep meanwhile. The difference from the");
        _file.Line("table above is what waking them and fetching everything again costs on this machine, to bare frames as to an Ask.");
    }

    public void Answers(ModelPair pair, float threshold, IReadOnlyList<ReplayedAnswer> answers, IReadOnlyList<double> research)
    {
        double[] alone = [.. answers.Select(answer => answer.Alone.Sum.TotalMilliseconds)];
        double[] ours = [.. answers.Select(answer => answer.Answer.Time.TotalMilliseconds)];
        double ratio = RoundStatistics.MedianOf(answers.Select(answer => answer.Ratio));
        _file.Heading($"{pair.Title}: one answer at a time");
        _file.Line($"| | answers | median ms | median / forward passes alone | range ms |");
        _file.Line("|---|---:|---:|---:|---:|");
        Row("forward passes alone", alone, 1);
        Row("router and expert", ours, ratio);
        Row("as the research code", research, RoundStatistics.MedianOf(research.Select((time, i) => time / alone[i])));
        _file.Line();
        _file.Line("Forward passes alone: right after each answer its tokens are written again, base and expert in turns, with a prompt that no cache has,");
        _file.Line($"and the time inside both engines is added up, prefills included. As the research code: the first of these prompts and seeds once more. Threshold {threshold:0.000}.");
        _file.Line($"Asked for: at most 1.10 of that for router and expert: {Verdict(ratio <= 1.10)}.");
        Stages(answers);

        void Row(string name, IReadOnlyList<double> times, double share) => _file.Line(
            $"| {name} | {times.Count} | {RoundStatistics.MedianOf(times):0.0} | {share:0.00} | {times.Min():0.0} to {times.Max():0.0} |");
    }

    public void Costs(ModelPair pair, IReadOnlyList<RouterAnswer> answers, IReadOnlyList<DecodingSummary> baseline, int openingBytes)
    {
        AnswerCosts ours = AnswerCosts.Of(answers);
        AnswerCosts theirs = AnswerCosts.Of(baseline);
        double bytes = (ours.Bytes - ((double)openingBytes * answers.Count)) / ours.Deferrals;
        _file.Heading($"{pair.Title}: what an answer costs");
        _file.Line($"| | router and expert ({answers.Count} answers) | asked for | as the research code ({baseline.Count}) |");
        _file.Line("|---|---:|---|---:|");
        _file.Line($"| deferred share of the tokens | {ours.Deferrals / ours.Tokens:P1} | | {theirs.Deferrals / theirs.Tokens:P1} |");
        _file.Line($"| payload per deferral, both ways, prompt and opening excluded, bytes | {bytes:0} | below 100: {Verdict(bytes < 100)} | |");
        _file.Line($"| payload per deferral, everything, bytes | {ours.Bytes / ours.Deferrals:0} | | {theirs.Bytes / theirs.Deferrals:0} |");
        Row("expert passes per deferral", costs => costs.ExpertPasses / costs.Deferrals, 1.1);
        Row("expert positions / (prompt + answer)", costs => costs.ExpertPositions / costs.Positions, 1.05);
        Row("base positions / (prompt + answer)", costs => costs.BasePositions / costs.Positions, 1.05);

        void Row(string name, Func<AnswerCosts, double> value, double most) => _file.Line(
            $"| {name} | {value(ours):0.00} | at most {most}: {Verdict(value(ours) <= most)} | {value(theirs):0.00} |");
    }

    public void Concurrency(ModelPair pair, IReadOnlyList<ConcurrentRun> runs, double peak)
    {
        double one = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecondAlone));
        double together = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecond));
        double ratio = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecond / run.TokensPerSecondAlone));
        double sessions = RoundStatistics.MedianOf(runs.Select(run => run.SessionsPerPass));
        _file.Heading($"{pair.Title}: {runs[0].Answers.Count} requests at the same time");
        _file.Line("| | one | together | asked for |");
        _file.Line("|---|---:|---:|---|");
        _file.Line($"| tokens/s | {one:0} | {together:0} ({ratio:0.00} times) | at least 3 times: {Verdict(ratio >= 3)} |");
        _file.Line($"| sessions per expert pass | 1 | {sessions:0.0} | above 1: {Verdict(sessions > 1)} |");
        Busy("expert", run => run.Expert);
        Busy("base", run => run.Base);
        if (pair.Weights != WeightFormat.AsStored)
            return;
        _file.Line();
        _file.Line($"As fast as one thread multiplies in registers here ({peak / 1e9:0} GFLOP/s), the expert's part of these answers alone allows "
            + $"{RoundStatistics.MedianOf(runs.Select(run => run.Bound(pair.Expert, peak))):0} tokens/s.");

        void Busy(string engine, Func<ConcurrentRun, EngineWork> work) => _file.Line(
            $"| {engine}: tokens per pass, busy share of the time | | {RoundStatistics.MedianOf(runs.Select(run => (double)work(run).Rows / work(run).Steps)):0.0}, "
            + $"{RoundStatistics.MedianOf(runs.Select(run => work(run).Time / run.Time)):P0} | |");
    }

    /// <summary>Prints the report, and writes the file where everything was measured; false where a goal was missed.</summary>
    public bool Save(bool isWhole)
    {
        if (isWhole)
            _file.Save();
        else
            _file.Print();
        return _isReached;
    }

    private static string Size(ModelConfig config) =>
        ModelPair.Millions(config) is >= 1 and double millions ? $"{millions:0} M" : $"{1000 * ModelPair.Millions(config):0} k";

    private void Asks(string heading, RoundTrips trips)
    {
        RoundStatistics few = trips.Rows[1];
        _file.Table(heading, "us", trips.Rows);
        _file.Line();
        _file.Line($"Asked for: median below 200, p99 below 1000 without what drawing an id takes: {Verdict(few.Median < 200 && few.P99 < 1000)}.");
        _file.Line($"A whole round trip with few ids takes {trips.Whole:0} us (median); of the time beside the pass, {trips.Wait:0} us are the wait until it begins.");
        _file.Line("Bare frames: Kestrel and HttpClient as below the gRPC, the answer sent by a thread that first reads through as much memory as the pass;");
        _file.Line("the reading's time is taken off as the pass's is. It is the floor of this stack around such a pass.");
    }

    /// <summary>Where the client's time went, by the accounts of the router and of the engines, of the same answers.</summary>
    private void Stages(IReadOnlyList<ReplayedAnswer> answers)
    {
        _file.Line();
        _file.Line("| median ms of an answer | forward passes alone | in the services |");
        _file.Line("|---|---:|---:|");
        Both("base, inside its engine", passes => passes.Base);
        Both("expert, inside its engine", passes => passes.Expert);
        Both("both engines", passes => passes.Sum);
        One("the router waits for the base", answer => answer.BaseWaitMs);
        One("the router waits for the expert", answer => answer.ExpertWaitMs);
        One("the router draws, decides, emits", answer => answer.RouterMs);
        One("the client's call beside", answer => answer.CallMs);
        _file.Line();
        _file.Line($"An answer takes {RoundStatistics.MedianOf(answers.Select(answer => answer.RatioInPlace)):0.00} times as long as its own passes took in place. Base and expert take the prompt in side by side, so what both");
        _file.Line("engines were busy with counts twice there; alone, one prefill follows the other.");

        void Both(string name, Func<PassTimes, TimeSpan> part) => _file.Line(
            $"| {name} | {Median(answer => part(answer.Alone).TotalMilliseconds)} | {Median(answer => part(answer.Answer.Passes).TotalMilliseconds)} |");

        void One(string name, Func<ReplayedAnswer, double> value) => _file.Line($"| {name} | | {Median(value)} |");

        string Median(Func<ReplayedAnswer, double> value) => $"{RoundStatistics.MedianOf(answers.Select(value)):0.0}";
    }

    private string Verdict(bool isReached)
    {
        _isReached &= isReached;
        return isReached ? "reached" : "**missed**";
    }
}
