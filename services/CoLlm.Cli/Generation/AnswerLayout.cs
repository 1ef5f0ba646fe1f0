namespace CoLlm.Cli.Generation;

/// <summary>How authors and places to double-check are told apart.</summary>
internal enum AnswerMarks
{
    /// <summary>Not at all: the text and nothing else.</summary>
    None,

    /// <summary>By colour and underline.</summary>
    Colors,

    /// <summary>By rows of characters under the text: the expert's number, and where to double-check.</summary>
    Rows,
}

/// <summary>Where an answer's text stands.</summary>
/// <param name="Marks">How its authors are told apart.</param>
/// <param name="Width">Most characters of a line, without the indent; 0: lines end where the text's do.</param>
/// <param name="Indent">Spaces before each line.</param>
internal sealed record AnswerLayout(AnswerMarks Marks, int Width = 0, int Indent = 0);
