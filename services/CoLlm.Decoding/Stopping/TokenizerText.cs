using CoLlm.Inference.Tokenization;

namespace CoLlm.Decoding.Stopping;

/// <summary>Text of an answer by a model's tokenizer, special tokens left out.</summary>
public sealed class TokenizerText : ITokenText
{
    private readonly StreamingDetokenizer _detokenizer;

    /// <param name="tokenizer">The tokenizer that all participants share.</param>
    /// <param name="prompt">
    /// What the answer continues: the answer's text is what it adds to the prompt's, so a space between them is neither lost nor made up.
    /// </param>
    public TokenizerText(Tokenizer tokenizer, ReadOnlySpan<int> prompt)
    {
        _detokenizer = tokenizer.CreateDetokenizer(skipSpecial: true);
        _detokenizer.Append(prompt);
    }

    public string Append(int tokenId) => _detokenizer.Append(tokenId);

    public string Flush() => _detokenizer.Finish();
}
