namespace CoLlm.Decoding.SwapHeads;

/// <summary>An expert by name and by the content of its weights.</summary>
/// <param name="Name">As requests call it.</param>
/// <param name="Fingerprint">Changes with the weights.</param>
public readonly record struct ExpertIdentity(string Name, string Fingerprint);

/// <summary>Which models a swap head belongs to: those it was trained with, or those that are running.</summary>
/// <param name="BaseFingerprint">Of the base model's weights.</param>
/// <param name="TokenizerFingerprint">Of the tokenizer all of them share.</param>
/// <param name="Experts">In the order of the head's rows.</param>
public sealed record SwapHeadIdentity(string BaseFingerprint, string TokenizerFingerprint, IReadOnlyList<ExpertIdentity> Experts)
{
    /// <summary>
    /// Compares what the head was trained with (this) with what is running: one sentence for each difference, naming both values.
    /// A head used across a difference decides at random; who wants that must say so.
    /// </summary>
    public IReadOnlyList<string> FindMismatches(SwapHeadIdentity running)
    {
        List<string> mismatches = [];
        Compare(mismatches, "base model", BaseFingerprint, running.BaseFingerprint);
        Compare(mismatches, "tokenizer", TokenizerFingerprint, running.TokenizerFingerprint);
        foreach (ExpertIdentity trained in Experts)
        {
            if (running.Experts.FirstOrDefault(expert => expert.Name == trained.Name) is { Name: not null } found)
                Compare(mismatches, $"expert {trained.Name}", trained.Fingerprint, found.Fingerprint);
            else
                mismatches.Add($"The swap head was trained with expert {trained.Name}, which is not among the running ones ({Names(running)}).");
        }

        mismatches.AddRange(running.Experts.Where(expert => Experts.All(trained => trained.Name != expert.Name))
            .Select(expert => $"Expert {expert.Name} is running, but the swap head was trained with {Names(this)} only."));
        return mismatches;
    }

    private static void Compare(List<string> mismatches, string what, string trained, string running)
    {
        if (!string.Equals(trained, running, StringComparison.Ordinal))
            mismatches.Add($"The swap head was trained with {what} {trained}, but {running} is running.");
    }

    private static string Names(SwapHeadIdentity identity) =>
        identity.Experts.Count == 0 ? "none" : string.Join(", ", identity.Experts.Select(expert => expert.Name));
}
