using Spectre.Console;

namespace CoLlm.Cli.Generation;

/// <summary>
/// Lays text of several authors out as lines while it arrives. A line that has a width is filled word by word; one that has none
/// shows every piece at once.
/// </summary>
internal sealed class AnswerLines(IAnsiConsole console, AnswerLayout layout)
{
    private const char Unprintable = '\uFFFD';

    private readonly List<(char Character, TokenInk Ink)> _word = [];
    private readonly List<(char Character, TokenInk Ink)> _line = [];
    private int _column;

    /// <summary>Adds a piece of text, which may end within a word or a line.</summary>
    public void Write(string text, TokenInk ink)
    {
        foreach (char character in text)
        {
            if (character == '\n')
            {
                PlaceWord();
                EndLine();
                continue;
            }

            _word.Add((Shown(character), ink));
            if (layout.Width > 0 && (character == ' ' || _word.Count == layout.Width))
                PlaceWord();
        }

        if (layout.Width == 0)
            PlaceWord();
    }

    /// <summary>The text without what a terminal would take for a command, which a model may well write.</summary>
    public static string Printable(string text) => string.Concat(text.Select(Printable));

    /// <summary>Shows what is left and ends the last line.</summary>
    public void End()
    {
        PlaceWord();
        EndLine();
    }

    private void PlaceWord()
    {
        if (_word.Count == 0)
            return;
        int visible = _word[^1].Character == ' ' ? _word.Count - 1 : _word.Count;
        if (layout.Width > 0 && _column > 0 && _column + visible > layout.Width)
            EndLine();
        if (_column == 0 && layout.Indent > 0)
            console.Write(new Text(new string(' ', layout.Indent)));
        _column += _word.Count;
        WritePieces(_word);
        if (layout.Marks == AnswerMarks.Rows)
            _line.AddRange(_word);
        _word.Clear();
    }

    private void EndLine()
    {
        console.WriteLine();
        WriteRow(ink => ink.ToAuthorMark());
        WriteRow(ink => ink.IsContested ? TokenInk.ContestedMark : ' ');
        _line.Clear();
        _column = 0;
    }

    private void WritePieces(List<(char Character, TokenInk Ink)> characters)
    {
        for (int first = 0, end; first < characters.Count; first = end)
        {
            TokenInk ink = characters[first].Ink;
            for (end = first + 1; end < characters.Count && characters[end].Ink == ink; end++)
            {
            }

            string piece = string.Concat(characters[first..end].Select(entry => entry.Character));
            console.Write(new Text(piece, layout.Marks == AnswerMarks.Colors ? ink.ToStyle() : Style.Plain));
        }
    }

    private void WriteRow(Func<TokenInk, char> mark)
    {
        string row = string.Concat(_line.Select(entry => mark(entry.Ink))).TrimEnd();
        if (row.Length == 0)
            return;
        console.Write(new Text(new string(' ', layout.Indent) + row));
        console.WriteLine();
    }

    private char Shown(char character) => layout.Marks == AnswerMarks.None ? character : Printable(character);

    private static char Printable(char character) => char.IsControl(character) && character is not ('\t' or '\n') ? Unprintable : character;
}
