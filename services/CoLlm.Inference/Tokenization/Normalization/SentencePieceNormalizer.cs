using System.Buffers;
using System.Text;

namespace CoLlm.Inference.Tokenization.Normalization;

/// <summary>
/// SentencePiece's own normalisation: the model's character map, white space that is collapsed or kept, spaces written as a
/// visible mark, and one before the text.
/// </summary>
internal sealed class SentencePieceNormalizer(SentencePieceNormalization rules) : ITextNormalizer
{
    public const char Mark = '\u2581';

    private const byte Space = (byte)' ';
    private static readonly byte[] EscapedSpace = Encoding.UTF8.GetBytes(Mark.ToString());
    private static readonly byte[] Replacement = Encoding.UTF8.GetBytes("\uFFFD");

    public string Signature
    {
        get
        {
            if (rules.CharacterMap is null && rules.EscapesSpaces && !rules.CollapsesSpaces && rules.UserDefined is null)
                return PlainSignature();
            string map = rules.CharacterMap?.Signature ?? "identity";
            return $"sentencepiece({map},{rules.Prefix},{rules.CollapsesSpaces},{rules.EscapesSpaces},{rules.UserDefined is not null})";
        }
    }

    public string Normalize(string text, bool opensText)
    {
        if (text.Length == 0)
            return text;
        byte[] input = Encoding.UTF8.GetBytes(text);
        int position = rules.CollapsesSpaces ? EndOfLeadingSpaces(input) : 0;
        if (position == input.Length)
            return string.Empty;

        var output = new List<byte>(input.Length + (input.Length / 4) + EscapedSpace.Length);
        if (rules.Prefix == SpacePrefix.EverySegment || (rules.Prefix == SpacePrefix.TextStart && opensText))
            AddSpace(output);
        bool afterSpace = rules.CollapsesSpaces;
        while (position < input.Length)
        {
            ReadOnlySpan<byte> mapped = NextMapped(input, position, out int consumed);
            position += consumed;
            while (afterSpace && !mapped.IsEmpty && mapped[0] == Space)
                mapped = mapped[1..];
            Append(mapped, output);
            if (!mapped.IsEmpty)
                afterSpace = rules.CollapsesSpaces && mapped[^1] == Space;
        }

        if (rules.CollapsesSpaces)
            RemoveTrailingSpaces(output);
        return Encoding.UTF8.GetString([.. output]);
    }

    /// <summary>The same words that the equivalent normalisers of a <c>tokenizer.json</c> use, so that both give one fingerprint.</summary>
    private string PlainSignature()
    {
        string replace = $"replace( ,{Mark})";
        return rules.Prefix switch
        {
            SpacePrefix.None => replace,
            SpacePrefix.EverySegment => $"prepend({Mark});{replace}",
            _ => $"prepend-first({Mark});{replace}",
        };
    }

    private int EndOfLeadingSpaces(byte[] input)
    {
        int position = 0;
        while (position < input.Length && NextMapped(input, position, out int consumed) is [Space])
            position += consumed;
        return position;
    }

    private void Append(ReadOnlySpan<byte> mapped, List<byte> output)
    {
        foreach (byte value in mapped)
        {
            if (value == Space)
                AddSpace(output);
            else
                output.Add(value);
        }
    }

    private void AddSpace(List<byte> output)
    {
        if (rules.EscapesSpaces)
            output.AddRange(EscapedSpace);
        else
            output.Add(Space);
    }

    private void RemoveTrailingSpaces(List<byte> output)
    {
        byte[] space = rules.EscapesSpaces ? EscapedSpace : [Space];
        while (output.Count >= space.Length && output[^1] == space[^1] && output[^space.Length] == space[0])
            output.RemoveRange(output.Count - space.Length, space.Length);
    }

    private ReadOnlySpan<byte> NextMapped(byte[] input, int position, out int consumed)
    {
        ReadOnlySpan<byte> rest = input.AsSpan(position);
        if (rules.UserDefined is { } userDefined && userDefined.TryMatch(rest, out consumed))
            return rest[..consumed];
        if (rules.CharacterMap is { } map && map.TryMatch(rest, out consumed, out ReadOnlySpan<byte> mapped))
            return mapped;
        return Rune.DecodeFromUtf8(rest, out _, out consumed) == OperationStatus.Done ? rest[..consumed] : Replacement;
    }
}
