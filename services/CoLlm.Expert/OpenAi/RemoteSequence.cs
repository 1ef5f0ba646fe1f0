using System.Diagnostics;
using CoLlm.Expert.Models;
using CoLlm.Expert.Sessions;
using CoLlm.Inference;
using CoLlm.Protocol.V1;

namespace CoLlm.Expert.OpenAi;

/// <summary>
/// A sequence whose keys and values, if anywhere, are in a server's prefix cache: every question sends the whole prefix again, and
/// taking tokens back is a shorter prompt. Several positions are several requests side by side.
/// </summary>
internal sealed class RemoteSequence(CompletionClient completions, BackendLimits limits, int usableVocabularySize) : ISequence
{
    private readonly CancellationTokenSource _disposed = new();
    private readonly RemoteAnswers _answers = new(usableVocabularySize);
    private readonly List<(int Position, TopDistribution Distribution)> _distributions = [];
    private int[] _tokens = new int[256];
    private SessionWork _work;
    private AnswerTerms _terms;

    public int Length { get; private set; }

    public int ComputedLength { get; private set; }

    public SessionWork Work => _work;

    public void Append(ReadOnlySpan<int> tokens)
    {
        if (Length + tokens.Length > _tokens.Length)
            Array.Resize(ref _tokens, Math.Max(2 * _tokens.Length, Length + tokens.Length));
        tokens.CopyTo(_tokens.AsSpan(Length));
        Length += tokens.Length;
    }

    public async ValueTask ComputeAsync(ReadOnlyMemory<int> tokens, CancellationToken cancellationToken)
    {
        Append(tokens.Span);
        await RunAsync(async ended => await completions.FillCacheAsync(_tokens.AsMemory(0, Length), ended), cancellationToken);
    }

    public async ValueTask<int> AskAsync(
        ReadOnlyMemory<int> tokens, ReadOnlyMemory<int> positions, AnswerTerms terms, CancellationToken cancellationToken)
    {
        Append(tokens.Span);
        _terms = terms;
        int topTokens = TopTokens(terms);
        await RunAsync(ended => positions.Length <= 1
            ? AskOneAsync(positions.Length == 0 ? Length : positions.Span[0], topTokens, ended)
            : AskSeveralAsync(positions.ToArray(), topTokens, ended), cancellationToken);
        return _distributions.Count;
    }

    public Answer MakeAnswer(int index) =>
        _answers.Make(_distributions[index].Distribution, _distributions[index].Position, _terms, limits.Name);

    public void Truncate(int length)
    {
        Length = length;
        ComputedLength = Math.Min(ComputedLength, length);
    }

    public void Dispose() => _disposed.Cancel();

    /// <summary>
    /// Two at least: among equally probable tokens the server's first need not be the one of the lowest id. As many as there are where
    /// some may be unusable.
    /// </summary>
    private int TopTokens(in AnswerTerms terms)
    {
        int most = limits.TopTokens!.Value;
        if (usableVocabularySize < completions.VocabularySize)
            return most;
        int wanted = terms.Form == AnswerForm.TopK ? terms.TopK : terms.Sampling.IsGreedy ? 1 : terms.Sampling.TopK;
        return Math.Min(most, Math.Max(2, wanted));
    }

    private async Task<int> AskOneAsync(int position, int topTokens, CancellationToken ended)
    {
        (TopDistribution distribution, int computed) = await completions.AskAsync(_tokens.AsMemory(0, position), topTokens, usableVocabularySize, ended);
        _distributions.Clear();
        _distributions.Add((position, distribution));
        return computed;
    }

    private async Task<int> AskSeveralAsync(int[] positions, int topTokens, CancellationToken ended)
    {
        using CancellationTokenSource failed = CancellationTokenSource.CreateLinkedTokenSource(ended);
        var asked = await Task.WhenAll(positions.Select(AskAsync));
        _distributions.Clear();
        _distributions.AddRange(positions.Zip(asked, (position, answer) => (position, answer.Distribution)));
        return asked.Sum(answer => answer.ComputedTokens);

        async Task<(TopDistribution Distribution, int ComputedTokens)> AskAsync(int position)
        {
            try
            {
                return await completions.AskAsync(_tokens.AsMemory(0, position), topTokens, usableVocabularySize, failed.Token);
            }
            catch
            {
                await failed.CancelAsync(); // One answer less is none: the others need not be waited for.
                throw;
            }
        }
    }

    /// <summary>Does what the server is needed for, and keeps account of it.</summary>
    private async Task RunAsync(Func<CancellationToken, Task<int>> run, CancellationToken cancellationToken)
    {
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, _disposed.Token);
        long began = Stopwatch.GetTimestamp();
        try
        {
            int computed = await run(ended.Token);
            ComputedLength = Length;
            _work = new SessionWork(_work.StepCount + 1, _work.ComputedTokenCount + computed, began, Stopwatch.GetElapsedTime(began));
        }
        catch (OperationCanceledException) when (_disposed.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            throw new ObjectDisposedException(nameof(RemoteSequence));
        }
    }
}
