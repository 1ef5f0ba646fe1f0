using System.Text;
using CoLlm.Decoding.Stopping;
using CoLlm.Inference;
using CoLlm.Inference.Failures;
using CoLlm.Inference.Sampling;

namespace CoLlm.Evaluation.Systems;

/// <summary>Answers by mixing the logits of all its models at every token: contrastive decoding and proxy tuning. Greedy.</summary>
/// <param name="models">Share one vocabulary.</param>
/// <param name="participants">In the order that the mix expects.</param>
/// <param name="mix">Makes one row of theirs.</param>
/// <param name="maxNewTokens">Longest answer.</param>
internal sealed class MixedSystem(ModelSet models, IReadOnlyList<LoadedModel> participants, MixRows mix, int maxNewTokens) : ISystemUnderTest
{
    public async Task<SystemAnswer> AnswerAsync(string question, CancellationToken cancellationToken)
    {
        int[] prompt = models.Prompt(question);
        int context = participants.Min(model => model.Checkpoint.Config.MaxPositionCount);
        if (prompt.Length == 0 || prompt.Length >= context)
            throw new EvaluationException($"A question has {prompt.Length} tokens; 1 to {context - 1} fit.");
        int maxTokens = Math.Min(context, prompt.Length + maxNewTokens);
        List<InferenceSession> sessions = [];
        try
        {
            foreach (LoadedModel model in participants)
                sessions.Add(await model.Engine.OpenSessionAsync(maxTokens, cancellationToken));
            return await WriteAsync(prompt, maxTokens, sessions, cancellationToken);
        }
        catch (SessionFailedException exception)
        {
            throw new EvaluationException($"An answer broke off: {exception.Message}", exception);
        }
        finally
        {
            sessions.ForEach(session => session.Dispose());
        }
    }

    private async Task<SystemAnswer> WriteAsync(int[] prompt, int maxTokens, List<InferenceSession> sessions, CancellationToken cancellationToken)
    {
        int vocabulary = models.UsableVocabularySize;
        float[][] rows = [.. sessions.Select(_ => new float[vocabulary])];
        float[] mixed = new float[vocabulary];
        TokenizerText detokenizer = new(models.Trained.Tokenizer, prompt);
        StringBuilder text = new();
        int[] newest = prompt;
        int count = 0;
        bool isEnd = false;
        while (!isEnd && prompt.Length + count < maxTokens)
        {
            for (int i = 0; i < rows.Length; i++)
            {
                AdvanceResult result = await sessions[i].AdvanceAsync(newest, WantedPositions.Last, cancellationToken);
                result.Logits()[..vocabulary].CopyTo(rows[i]);
            }

            mix(rows, mixed);
            newest = [VocabularyScan.Argmax(mixed)];
            count++;
            isEnd = models.Stop.EndOfSequenceIds.Contains(newest[0]);
            if (!isEnd)
                text.Append(detokenizer.Append(newest[0]));
        }

        text.Append(detokenizer.Flush());
        int expertPasses = count * participants.Count(model => models.Experts.Contains(model));
        return new SystemAnswer(text.ToString(), count, count, (count * participants.Count) - expertPasses, expertPasses, isEnd ? "EndOfSequence" : "MaxTokens");
    }
}

/// <summary>Makes one row of scores of several models' logits.</summary>
internal delegate void MixRows(float[][] rows, Span<float> result);
