namespace CoLlm.Decoding.SwapHeads;

/// <summary>Names inside a swap head file, shared by its reader and its writer.</summary>
internal static class SwapHeadFormat
{
    public const string Name = "collm-swap-head";
    public const string Version = "1";

    public const string FormatKey = "format";
    public const string VersionKey = "format_version";
    public const string BaseKey = "base_fingerprint";
    public const string TokenizerKey = "tokenizer_fingerprint";
    public const string ExpertsKey = "experts";
    public const string ExpertNameKey = "name";
    public const string ExpertFingerprintKey = "fingerprint";

    public const string BestRateKey = "calibration.best_target_rate";

    public const string Theta = "theta";
    public const string TargetRates = "calibration.target_rate";
    public const string Thresholds = "calibration.threshold";
}
