using System.CommandLine;
using System.Text.Json;
using CoLlm.Cli.JsonLines;
using CoLlm.Cli.Models;
using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference;
using CoLlm.Inference.Cpu;
using CoLlm.Inference.Sampling;

namespace CoLlm.Cli.Commands;

/// <summary><c>collm complete</c>: the tokens that greedy decoding adds to given ones.</summary>
internal static class CompleteCommand
{
    public static Command Create(ConsoleStreams streams)
    {
        Option<string> model = ModelOption.Create("Model directory.");
        Option<int> maxTokens = new("--max-tokens") { Description = "Most tokens to add; fewer where the model's context ends.", HelpName = "N", Required = true };
        Option<bool> ignoreEos = new("--ignore-eos") { Description = "Go on after a token that ends an answer." };
        Option<int?> vocabularySize = new("--vocab-size")
        {
            Description = "Choose among ids below V only; by default all ids, without the padding and deferral rows where there are such.",
            HelpName = "V",
        };
        Option<WeightFormat> weights = WeightsOption.Create();
        var command = new Command(
            "complete",
            "Reads lines {\"ids\": [integer, ...]}; writes {\"ids\": [integer, ...]} for each: the new ids, the one that ends the answer included.")
        {
            model, maxTokens, ignoreEos, vocabularySize, weights,
        };
        maxTokens.Validators.Add(result =>
        {
            if (result.GetValueOrDefault<int>() < 1)
                result.AddError("--max-tokens must be at least 1.");
        });
        return JsonLineCommand.WithLines(command, streams, (result, _) =>
        {
            LoadedModel loaded = LoadedModel.Open(result.GetRequiredValue(model), result.GetValue(weights), new PackingProgress(streams.Error));
            Completion completion = new(
                loaded, result.GetValue(maxTokens), result.GetValue(ignoreEos), UsableVocabulary(loaded, result.GetValue(vocabularySize)));
            return Task.FromResult<(JsonLineHandler, IAsyncDisposable?)>((completion.AnswerAsync, loaded));
        });
    }

    private static int UsableVocabulary(LoadedModel model, int? asked)
    {
        int vocabulary = model.Config.VocabularySize;
        if (asked is { } size)
            return size >= 1 && size <= vocabulary ? size : throw new JsonLineException($"--vocab-size must be from 1 to {vocabulary}, the model's vocabulary.");
        return model.DeferralId is null ? vocabulary : vocabulary - ResearchConvention.AddedRowCount;
    }

    private sealed class Completion(LoadedModel model, int maxTokens, bool ignoreEos, int vocabulary)
    {
        public async ValueTask AnswerAsync(JsonElement line, Utf8JsonWriter answer, CancellationToken cancellationToken)
        {
            int[] prompt = line.RequiredTokenIds("ids");
            if (prompt.Length == 0)
                throw new JsonLineException("Field \"ids\" is empty; there is nothing to complete.");
            int context = model.Config.MaxPositionCount;
            int length = (int)Math.Max(Math.Min(context, (long)prompt.Length + maxTokens - 1), prompt.Length);
            using InferenceSession session = model.Engine.OpenSession(length);
            var greedy = OutputReduction.Token(SamplingParameters.Greedy, vocabulary);
            List<int> added = [];
            int[] next = prompt;
            while (added.Count < maxTokens && session.Length + next.Length <= session.MaxTokens)
            {
                AdvanceResult result = await session.AdvanceAsync(next, WantedPositions.Last, greedy, cancellationToken);
                int best = OutputReducer.Argmax(result);
                added.Add(best);
                if (!ignoreEos && model.Config.EosTokenIds.Contains(best))
                    break;
                next = [best];
            }

            answer.WriteStartArray("ids");
            added.ForEach(answer.WriteNumberValue);
            answer.WriteEndArray();
        }
    }
}
