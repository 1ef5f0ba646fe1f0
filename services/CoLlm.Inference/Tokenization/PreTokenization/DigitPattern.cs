using System.Text;
using CoLlm.Inference.Tokenization.Regexes;

namespace CoLlm.Inference.Tokenization.PreTokenization;

/// <summary>Matches numeric characters, one by one or a run at a time (the <c>Digits</c> pre-tokenizer).</summary>
internal sealed class DigitPattern(bool individually) : ITextPattern
{
    public string Signature => individually ? "digits(each)" : "digits(runs)";

    public bool TryFind(ReadOnlySpan<char> text, int from, RegexMemory? memory, out int start, out int length)
    {
        (start, length) = (from, 0);
        while (start + length < text.Length)
        {
            Rune.DecodeFromUtf16(text[(start + length)..], out Rune rune, out int units);
            bool isNumber = CharacterClass.IsNumber(rune);
            if (isNumber)
                length += units;
            if (length > 0 && (individually || !isNumber))
                break;
            if (!isNumber)
                start += units;
        }

        return length > 0;
    }
}
