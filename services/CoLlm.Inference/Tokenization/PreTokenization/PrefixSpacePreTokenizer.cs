namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Puts a space before text that does not begin with one (<c>add_prefix_space</c>).</summary>
internal sealed class PrefixSpacePreTokenizer : IPreTokenizer
{
    public string Signature => "prefix-space";

    public void Split(TextSegment segment, List<TextSegment> words) =>
        words.Add(segment.Span[0] == ' ' ? segment : TextSegment.Whole(" " + segment, segment.OpensText));
}
