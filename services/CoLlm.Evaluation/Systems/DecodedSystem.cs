using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using CoLlm.Decoding;
using CoLlm.Decoding.Base;
using CoLlm.Decoding.Deferral;
using CoLlm.Decoding.Experts;
using CoLlm.Decoding.Stopping;
using CoLlm.Decoding.SwapHeads;

namespace CoLlm.Evaluation.Systems;

/// <summary>Answers through the collaborative decoder, in any of its modes: a model alone, deferral by any policy, or the more confident of two.</summary>
/// <param name="models">Share one vocabulary.</param>
/// <param name="small">Writes as the base; null where the mode does not run it.</param>
/// <param name="experts">Take part, in the order of the swap head.</param>
/// <param name="head">Null where nothing asks it.</param>
/// <param name="mode">How they work together.</param>
/// <param name="policy">Who writes, where the mode leaves that open.</param>
/// <param name="maxNewTokens">Longest answer.</param>
internal sealed class DecodedSystem(
    ModelSet models, LoadedModel? small, IReadOnlyList<LoadedModel> experts, SwapHead? head, DecodingMode mode, DeferralPolicy policy, int maxNewTokens)
    : ISystemUnderTest
{
    public async Task<SystemAnswer> AnswerAsync(string question, CancellationToken cancellationToken)
    {
        int[] prompt = models.Prompt(question);
        IEnumerable<LoadedModel> participants = small is null ? experts : experts.Append(small);
        int context = participants.Min(model => model.Checkpoint.Config.MaxPositionCount);
        DecodingRequest request = new()
        {
            Prompt = prompt,
            MaxNewTokens = maxNewTokens,
            MaxSequenceTokens = context,
            UsableVocabularySize = models.UsableVocabularySize,
            Mode = mode,
            Policy = policy is RandomPolicy random ? random with { Seed = random.Seed ^ HashOf(question) } : policy,
            Stop = models.Stop,
            WhenExpertUnavailable = WhenExpertUnavailable.Wait,
            ExpertPatience = TimeSpan.FromMinutes(5),
        };
        if (request.FindProblem(experts.Count, head is not null) is { } problem)
            throw new EvaluationException($"The question '{Shortened(question)}' cannot be answered: {problem}");
        return await DecodeAsync(request, Math.Min(context, prompt.Length + maxNewTokens), cancellationToken);
    }

    private async Task<SystemAnswer> DecodeAsync(DecodingRequest request, int maxTokens, CancellationToken cancellationToken)
    {
        using EngineBaseSession? baseSession = small is null ? null
            : new EngineBaseSession(await small.Engine.OpenSessionAsync(maxTokens, cancellationToken), models.UsableVocabularySize);
        EngineExpertSession[] sessions =
            [.. experts.Select(expert => new EngineExpertSession(expert.Name, expert.Engine, models.UsableVocabularySize, maxTokens, TimeProvider.System))];
        try
        {
            AnswerText sink = new();
            CollaborativeDecoder decoder = new(
                request, new DecodingModels(baseSession, head, sessions), new TokenizerText(models.Trained.Tokenizer, request.Prompt.Span), sink, TimeProvider.System);
            DecodingSummary summary = await decoder.DecodeAsync(CancellationToken.None, cancellationToken);
            if (summary.FinishReason is FinishReason.BaseFailed or FinishReason.ExpertUnavailable)
                throw new EvaluationException($"An answer broke off: {summary.FinishReason} ({summary.BaseOutcome}, {summary.ExpertOutcome}).");
            return new SystemAnswer(
                sink.Text.ToString(), summary.TokenCount, summary.TokenCount - summary.BaseTokenCount, summary.BaseStepCount,
                summary.Experts.Sum(expert => expert.Cost.PassCount), summary.FinishReason.ToString());
        }
        finally
        {
            foreach (EngineExpertSession session in sessions)
                await session.DisposeAsync();
        }
    }

    /// <summary>With one seed for all questions, chance would fall on the same places of every answer, and one pattern would stand for all.</summary>
    private static ulong HashOf(string question) => BinaryPrimitives.ReadUInt64LittleEndian(SHA256.HashData(Encoding.UTF8.GetBytes(question)));

    private static string Shortened(string question) => question.Length <= 80 ? question : question[..80] + "...";

    private sealed class AnswerText : ITokenSink
    {
        public StringBuilder Text { get; } = new();

        public ValueTask EmitAsync(TokenEvent token, CancellationToken cancellationToken)
        {
            Text.Append(token.Text);
            return ValueTask.CompletedTask;
        }
    }
}
