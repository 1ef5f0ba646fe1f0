using CoLlm.Decoding.Stopping;

namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>Text by a table of pieces; a piece that ends in '~' leaves a character unfinished, which the next piece or the end completes.</summary>
internal sealed class ScriptedText(Func<int, string> piece) : ITokenText
{
    private string _unfinished = "";

    public static ScriptedText Letters { get; } = new(id => ((char)('a' + id % 26)).ToString());

    public string Append(int tokenId)
    {
        string text = _unfinished + piece(tokenId);
        _unfinished = text.EndsWith('~') ? "*" : "";
        return text.TrimEnd('~');
    }

    public string Flush() => _unfinished.Length > 0 ? "\uFFFD" : "";
}
