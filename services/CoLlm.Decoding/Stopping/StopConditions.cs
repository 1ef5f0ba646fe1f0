namespace CoLlm.Decoding.Stopping;

/// <summary>What ends an answer besides its limit: validated once, never checked again.</summary>
public sealed record StopConditions
{
    public const int MaxStringCount = 16;
    public const int MaxStringLength = 256;
    public const int MaxTokenIdCount = 64;

    private StopConditions()
    {
    }

    public static StopConditions None { get; } = new();

    /// <value>End-of-sequence ids of the base and of every expert that takes part; empty where the request ignores them.</value>
    public IReadOnlyList<int> EndOfSequenceIds { get; private init; } = [];

    /// <value>The request's own stop ids.</value>
    public IReadOnlyList<int> TokenIds { get; private init; } = [];

    /// <value>The answer's text ends before the first place where one of these appears. None is empty.</value>
    public IReadOnlyList<string> Strings { get; private init; } = [];

    /// <summary>Checks every value; <paramref name="problem"/> is one sentence naming the first that is out of bounds.</summary>
    public static StopConditions? TryCreate(
        IEnumerable<int> endOfSequenceIds, IReadOnlyList<int> tokenIds, IReadOnlyList<string> strings, out string? problem)
    {
        problem = FindProblem(tokenIds, strings);
        if (problem is not null)
            return null;
        return new StopConditions { EndOfSequenceIds = [.. endOfSequenceIds.Distinct()], TokenIds = [.. tokenIds], Strings = [.. strings] };
    }

    private static string? FindProblem(IReadOnlyList<int> tokenIds, IReadOnlyList<string> strings)
    {
        if (tokenIds.Count > MaxTokenIdCount)
            return $"There are {tokenIds.Count} stop ids; at most {MaxTokenIdCount} are allowed.";
        if (strings.Count > MaxStringCount)
            return $"There are {strings.Count} stop strings; at most {MaxStringCount} are allowed.";
        if (strings.Any(string.IsNullOrEmpty))
            return "A stop string is empty.";
        return strings.FirstOrDefault(text => text.Length > MaxStringLength) is { } longest
            ? $"A stop string has {longest.Length} characters; at most {MaxStringLength} are allowed."
            : null;
    }
}
