using CoLlm.Inference.Tokenization;

namespace CoLlm.Router.Base;

/// <summary>The name by which two sides tell whether token ids mean the same to both.</summary>
internal static class TokenizerIdentity
{
    public static string FingerprintOf(Tokenizer tokenizer) => tokenizer is null ? throw new ArgumentNullException(nameof(tokenizer)) : "";
}
