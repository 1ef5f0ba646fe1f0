namespace CoLlm.EndToEnd.Tests.Browser;

/// <summary>What a person could see on the page, and what happened behind it.</summary>
/// <param name="State">idle, asking, finished, stopped or failed.</param>
/// <param name="Tokens">Of the answer.</param>
/// <param name="Words">Of the list to double-check.</param>
/// <param name="Legend">Authors with their counts.</param>
/// <param name="Model">What is said of the model.</param>
/// <param name="Question">The question as it is repeated above the answer.</param>
/// <param name="Summary">The line below the answer.</param>
/// <param name="Nothing">What is said in place of words to double-check.</param>
/// <param name="Status">What screen readers are told.</param>
/// <param name="Note">What was done otherwise than asked.</param>
/// <param name="Error">A refusal.</param>
/// <param name="Details">Of the token that is pointed at.</param>
/// <param name="Invalid">Ids of the controls that are blamed.</param>
/// <param name="Focus">Id of what has the keyboard, or the token.</param>
/// <param name="Overflow">Pixels that the page is wider than its window.</param>
/// <param name="Foreign">Elements that the page makes no use of, so that a text must have brought them.</param>
/// <param name="Stored">What is kept beyond the page's life.</param>
/// <param name="Key">The API key in its field.</param>
/// <param name="Problems">Errors and warnings of the browser.</param>
/// <param name="Hosts">Whom the browser has asked.</param>
/// <param name="Bodies">Of the requests.</param>
internal sealed record SeenPage(
    string State, SeenToken[] Tokens, SeenWord[] Words, string[] Legend, string Model, string Question, string Summary, string Nothing, string Status, string Note, string Error,
    string[] Details, string[] Invalid, string Focus, int Overflow, int Foreign, int Stored, string Key, string[] Problems, string[] Hosts, string[] Bodies)
{
    public string Text => string.Concat(Tokens.Select(token => token.Text));
}

/// <summary>One token as it is shown.</summary>
internal sealed record SeenToken(string Text, string Origin, bool Contested, string Look);

/// <summary>One entry of the list to double-check.</summary>
internal sealed record SeenWord(string Before, string Word, string After, int Index);
