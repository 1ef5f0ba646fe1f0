using CoLlm.Decoding.SwapHeads;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Tokenization;

namespace CoLlm.Router.Base;

/// <summary>The swap head a router works with, its rows in the order of the configured experts.</summary>
/// <param name="Head">Null where there is none.</param>
/// <param name="Calibration">Null where it was never calibrated.</param>
/// <param name="ExpertFingerprints">The expert models it was trained with, one for each configured expert; empty: any.</param>
/// <param name="UsesDeferralRow">The base's last two output rows are no tokens.</param>
/// <param name="AllowedMismatches">Differences that the configuration allows, a sentence each.</param>
internal sealed record RouterSwapHead(
    SwapHead? Head, CalibrationTable? Calibration, IReadOnlyList<string> ExpertFingerprints, bool UsesDeferralRow,
    IReadOnlyList<string> AllowedMismatches)
{
    /// <summary>Finds the swap head that the options name.</summary>
    /// <exception cref="CheckpointException">It is malformed, or belongs to other models; both values are named.</exception>
    public static RouterSwapHead Load(
        SwapHeadOptions options, Checkpoint checkpoint, Tokenizer tokenizer, IReadOnlyList<string> expertNames)
    {
        string[] any = [.. expertNames.Select(_ => "")];
        bool hasDeferralToken = tokenizer.TokenId(ResearchConvention.DeferralToken) == checkpoint.Config.VocabularySize - 1;
        if (options.ResearchConvention == true && !hasDeferralToken)
        {
            throw new CheckpointException(
                $"{checkpoint.Directory}: the research convention needs a token {ResearchConvention.DeferralToken} with the last id, "
                + $"{checkpoint.Config.VocabularySize - 1}; the tokenizer has {tokenizer.TokenId(ResearchConvention.DeferralToken)?.ToString() ?? "none"}.");
        }

        if (options.File is { } file)
            return Fit(SwapHeadFile.Read(file), options, checkpoint, tokenizer.Fingerprint, expertNames) with { UsesDeferralRow = hasDeferralToken };
        if (hasDeferralToken && options.ResearchConvention != false && expertNames.Count == 1)
            return new RouterSwapHead(ResearchConvention.ReadSwapHead(checkpoint), null, any, UsesDeferralRow: true, []);
        return new RouterSwapHead(null, null, any, hasDeferralToken, []);
    }

    /// <summary>Experts are compared by name here; their weights when they say what they are, which may be later.</summary>
    private static RouterSwapHead Fit(
        SwapHeadFile file, SwapHeadOptions options, Checkpoint checkpoint, string tokenizerFingerprint, IReadOnlyList<string> expertNames)
    {
        SwapHeadIdentity trained = file.TrainedWith;
        ExpertIdentity[] running = [.. expertNames.Select(name => new ExpertIdentity(name, FingerprintOf(trained, name)))];
        var identity = new SwapHeadIdentity(checkpoint.Fingerprint, tokenizerFingerprint, running);
        IReadOnlyList<string> allowed = file.RequireFit(identity, options.AllowMismatch);
        if (file.Head.HiddenSize != checkpoint.Config.HiddenSize)
        {
            throw new CheckpointException(
                $"{options.File} scores hidden states of width {file.Head.HiddenSize}; the base's have {checkpoint.Config.HiddenSize}.");
        }

        bool areNamed = expertNames.All(name => trained.Experts.Any(expert => expert.Name == name));
        if (!areNamed && file.Head.ExpertCount < expertNames.Count)
            throw new CheckpointException($"{options.File} is for {file.Head.ExpertCount} experts, and {expertNames.Count} are configured.");
        SwapHead head = areNamed ? file.HeadFor(expertNames) : file.Head.Restrict([.. Enumerable.Range(0, expertNames.Count)]);
        string[] fingerprints = [.. running.Select(expert => options.AllowMismatch ? "" : expert.Fingerprint)];
        return new RouterSwapHead(head, file.Calibration, fingerprints, UsesDeferralRow: false, allowed);
    }

    private static string FingerprintOf(SwapHeadIdentity trained, string name) =>
        trained.Experts.FirstOrDefault(expert => expert.Name == name).Fingerprint ?? "";
}
