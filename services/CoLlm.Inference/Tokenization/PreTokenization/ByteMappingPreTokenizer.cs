namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Writes words as the stand-ins of their bytes, for steps that come after <c>ByteLevel</c> and see only those.</summary>
internal sealed class ByteMappingPreTokenizer : IPreTokenizer
{
    public string Signature => "bytes";

    public void Split(TextSegment segment, List<TextSegment> words)
    {
        var mapped = new char[segment.Length * 3];
        words.Add(TextSegment.Whole(new string(mapped, 0, ByteAlphabet.Encode(segment.Span, mapped)), segment.OpensText));
    }
}
