using CoLlm.Benchmarks.Rounds;
using CoLlm.Decoding;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Writes what was measured, each number beside what was asked for.</summary>
internal sealed class CollaborationReport
{
    private readonly ResultFile _file = new(
        CollaborationBenchmark.Name, "Two services, one answer", $"dotnet run -c Release --project tests/CoLlm.Benchmarks -- {CollaborationBenchmark.Name}");

    private bool _isReached = true;

    public void Configure(float threshold, int rounds)
    {
        double baseSize = GeneratedModels.Millions(GeneratedModels.BaseConfig);
        double expertSize = GeneratedModels.Millions(GeneratedModels.ExpertConfig);
        _file.Line($"- Base {baseSize:0} M parameters, expert {expertSize:0} M, bfloat16, random weights, vocabulary {GeneratedModels.VocabularySize}; "
            + $"a process each on loopback, each with half the cores ({GeneratedModels.Threads} compute thread)");
        _file.Line($"- Prompts of {RouterAnswer.PromptTokens} tokens, answers of {RouterAnswer.AnswerTokens}, temperature 1, seeded; "
            + $"no prompt is asked twice; threshold {threshold:0.000}");
        _file.Line($"- {rounds} interleaved rounds after a warm-up; {RoundTrips.Rounds * RoundTrips.PerRound} round trips");
    }

    public void Asks(RoundTrips trips)
    {
        RoundStatistics few = trips.Rows[1];
        _file.Table("One Ask and its Answer without the forward pass, one session, one new token each", "us", trips.Rows);
        _file.Line();
        _file.Line("Bare frames: Kestrel and HttpClient as below the gRPC, the answer sent by a thread that first reads through as much memory as the expert's pass;");
        _file.Line("the reading's time is taken off as the pass's is. It is the floor of this stack with caches as cold as a pass leaves them.");
        _file.Line($"Asked for: median below 200, p99 below 1000 without what drawing an id takes: {Verdict(few.Median < 200 && few.P99 < 1000)}.");
        _file.Line($"A whole round trip takes {trips.Whole:0} us (median); of the time beside the pass, {trips.Wait:0} us are the wait until it begins.");
    }

    public void Answers(IReadOnlyList<RoundStatistics> rows)
    {
        _file.MedianTable("One answer at a time", "ms", rows);
        _file.Line();
        _file.Line("Forward passes alone: the same tokens again, base and expert in turns, the time inside both engines added up, prefills included.");
        _file.Line($"Asked for: at most 1.10 of that for router and expert: {Verdict(rows[1].MedianRatio <= 1.10)}.");
    }

    public void Costs(IReadOnlyList<RouterAnswer> answers, IReadOnlyList<DecodingSummary> baseline, int openingBytes)
    {
        AnswerCosts ours = AnswerCosts.Of(answers);
        AnswerCosts theirs = AnswerCosts.Of(baseline);
        double bytes = (ours.Bytes - ((double)openingBytes * answers.Count)) / ours.Deferrals;

        WriteStages(answers);
        _file.Heading("What an answer costs");
        _file.Line("| | router and expert | asked for | as the research code |");
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

    public void Concurrency(IReadOnlyList<ConcurrentRun> runs)
    {
        double one = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecondAlone));
        double together = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecond));
        double ratio = RoundStatistics.MedianOf(runs.Select(run => run.TokensPerSecond / run.TokensPerSecondAlone));
        double sessions = RoundStatistics.MedianOf(runs.Select(run => run.SessionsPerPass));
        _file.Heading($"{runs[0].Answers.Count} requests at the same time");
        _file.Line("| | one | together | asked for |");
        _file.Line("|---|---:|---:|---|");
        _file.Line($"| tokens/s | {one:0} | {together:0} ({ratio:0.0} times) | at least 3 times: {Verdict(ratio >= 3)} |");
        _file.Line($"| sessions per expert pass | 1 | {sessions:0.0} | above 1: {Verdict(sessions > 1)} |");
    }

    /// <summary>Writes the file; false where a goal was missed.</summary>
    public bool Save()
    {
        _file.Save();
        return _isReached;
    }

    /// <summary>Where the client's time went, by the router's own account of the same answers.</summary>
    private void WriteStages(IReadOnlyList<RouterAnswer> answers)
    {
        double total = RoundStatistics.MedianOf(answers.Select(answer => answer.Time.TotalMilliseconds));
        double steps = RoundStatistics.MedianOf(answers.Select(answer => (answer.Summary.Times.BasePrefillUs + answer.Summary.Times.BaseDecodeUs) / 1e3));
        double prefill = RoundStatistics.MedianOf(answers.Select(answer => answer.Summary.Times.BasePrefillUs / 1e3));
        double expert = RoundStatistics.MedianOf(answers.Select(answer => answer.Summary.Times.ExpertWaitUs / 1e3));
        _file.Line();
        _file.Line($"Of the client's {total:0} ms (median) the router waited {steps:0} ms for the base's steps ({prefill:0} ms of them its prefill) "
            + $"and {expert:0} ms for the expert's answers; the rest, {total - steps - expert:0} ms, is drawing from {GeneratedModels.VocabularySize} ids, deciding, and sending {RouterAnswer.AnswerTokens} events.");
    }


    private string Verdict(bool isReached)
    {
        _isReached &= isReached;
        return isReached ? "reached" : "**missed**";
    }
}
