namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Cuts text into words that are encoded each on its own. Stateless; every character is looked at a bounded number of times.</summary>
internal interface IPreTokenizer
{
    /// <summary>Appends the words of <paramref name="segment"/>, which is not empty; none of them is empty.</summary>
    void Split(TextSegment segment, List<TextSegment> words);

    /// <summary>What it does, in a canonical form: part of the tokenizer's fingerprint.</summary>
    string Signature { get; }
}
