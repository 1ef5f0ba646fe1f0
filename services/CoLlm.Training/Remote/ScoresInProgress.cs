using CoLlm.Protocol.V1;
using CoLlm.Training.Scoring;
using ScoreRequest = CoLlm.Training.Scoring.ScoreRequest;

namespace CoLlm.Training.Remote;

/// <summary>The scores of one sequence while their parts arrive, in order.</summary>
internal sealed class ScoresInProgress(ScoreRequest request)
{
    private readonly float[] _gold = new float[request.TokenIds.Length - request.FirstPosition];
    private readonly float[] _max = new float[request.TokenIds.Length - request.FirstPosition];
    private int _count;

    public ScoreRequest Request => request;

    public bool IsComplete => _count == _gold.Length;

    /// <summary>Drops parts of a stream that was lost.</summary>
    public void Restart() => _count = 0;

    /// <summary>Adds the next part; null, or what is wrong with it.</summary>
    public string? TryAdd(SequenceScores part)
    {
        int expected = request.FirstPosition + _count;
        int count = part.GoldLogProbabilities.Count;
        if (part.FirstPosition != expected)
            return $"scores start at position {part.FirstPosition} where {expected} is next";
        if (count == 0 || count > _gold.Length - _count || part.MaxLogProbabilities.Count != count)
            return $"{count} and {part.MaxLogProbabilities.Count} scores came where {_gold.Length - _count} are left";
        if (part.IsLast != (_count + count == _gold.Length))
            return $"the scores up to position {expected + count} say {(part.IsLast ? "" : "not ")}to be the last";
        part.GoldLogProbabilities.CopyTo(_gold, _count);
        part.MaxLogProbabilities.CopyTo(_max, _count);
        _count += count;
        return null;
    }

    public TokenScores ToScores() => new(_gold, _max);
}
