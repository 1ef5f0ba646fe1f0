namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>Rewrites text before it is cut into words. Stateless, linear in the text.</summary>
internal interface ITextNormalizer
{
    /// <param name="text">Well-formed UTF-16.</param>
    /// <param name="opensText">False for text after an added token.</param>
    string Normalize(string text, bool opensText);

    /// <summary>What it does, in a canonical form: part of the tokenizer's fingerprint.</summary>
    string Signature { get; }
}
