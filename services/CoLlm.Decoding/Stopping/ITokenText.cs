namespace CoLlm.Decoding.Stopping;

/// <summary>Turns one answer's tokens into text as they come. Used by one caller at a time.</summary>
public interface ITokenText
{
    /// <summary>
    /// The text that this token completes: empty for tokens that are not text and while a character is missing bytes. What was
    /// returned is final.
    /// </summary>
    string Append(int tokenId);

    /// <summary>What is left at the end: bytes of a character that never was completed, as replacement characters.</summary>
    string Flush();
}
