using System.CommandLine;
using System.Text.Json;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Models;
using CoLlm.Inference;
using CoLlm.Inference.Cpu;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm score</c>: what a model thinks of given tokens.</summary>
internal static class ScoreCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Model directory.");
        Option<WeightFormat> weights = WeightsOption.Create();
        var command = new Command(
            "score",
            "Reads lines {\"ids\": [integer, ...]}; writes {\"log_probs\", \"max_log_probs\"} for each: entry t is the log-probability of "
                + "id t + 1, and of the most probable id there. A model whose last row is <|defer|> adds \"deferral_probs\", at every "
                + "position; that row is then no part of the softmax.")
        {
            model,
            weights,
        };
        return JsonLineCommand.WithLines(command, streams, (result, _) =>
        {
            LoadedModel loaded = LoadedModel.Open(result.GetRequiredValue(model), result.GetValue(weights), new PackingProgress(streams.Error));
            return Task.FromResult<(JsonLineHandler, IAsyncDisposable?)>(((line, answer, cancel) => AnswerAsync(loaded, line, answer, cancel), loaded));
        });
    }

    private static async ValueTask AnswerAsync(LoadedModel model, JsonElement line, Utf8JsonWriter answer, CancellationToken cancellationToken)
    {
        int[] ids = line.RequiredTokenIds("ids");
        Scores scores = new(ids, model.DeferralId);
        if (ids.Length > 0)
        {
            using InferenceSession session = model.Engine.OpenSession(ids.Length);
            for (int start = 0; start < ids.Length; start += LoadedModel.PositionsPerCall)
            {
                ReadOnlyMemory<int> part = ids.AsMemory(start, Math.Min(LoadedModel.PositionsPerCall, ids.Length - start));
                scores.Add(await session.AdvanceAsync(part, WantedPositions.New, cancellationToken));
            }
        }

        scores.Write(answer);
    }

    private sealed class Scores(int[] ids, int? deferralId)
    {
        private readonly List<double> _given = [];
        private readonly List<double> _most = [];
        private readonly List<double> _deferral = [];

        public void Add(AdvanceResult result)
        {
            for (int i = 0; i < result.Count; i++)
            {
                ReadOnlySpan<float> logits = result.Logits(i);
                if (deferralId is { } column)
                {
                    _deferral.Add(1 / (1 + Math.Exp(-(double)logits[column])));
                    logits = logits[..column];
                }

                if (result.Position(i) + 1 < ids.Length)
                    AddPrediction(logits, ids[result.Position(i) + 1]);
            }
        }

        public void Write(Utf8JsonWriter answer)
        {
            WriteNumbers(answer, "log_probs", _given);
            WriteNumbers(answer, "max_log_probs", _most);
            if (deferralId is not null)
                WriteNumbers(answer, "deferral_probs", _deferral);
        }

        private static void WriteNumbers(Utf8JsonWriter answer, string name, List<double> numbers)
        {
            answer.WriteStartArray(name);
            foreach (double number in numbers)
                answer.WriteNumberValue((float)number);
            answer.WriteEndArray();
        }

        private void AddPrediction(ReadOnlySpan<float> logits, int next)
        {
            if (next >= logits.Length)
                throw new JsonLineException($"Id {next} is the deferral row, which is no token and has no probability.");
            LogSoftmax softmax = LogSoftmax.Over(logits);
            _given.Add(softmax.Of(logits[next]));
            _most.Add(softmax.Of(softmax.Largest));
        }
    }
}
