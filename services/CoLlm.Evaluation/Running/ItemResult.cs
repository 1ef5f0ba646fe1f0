namespace CoLlm.Evaluation.Running;

/// <summary>What one system answered to one item, how good that was, and what it cost: one line of the results file.</summary>
/// <param name="System">Name of the system.</param>
/// <param name="Item">Id of the item.</param>
/// <param name="Task">Its task.</param>
/// <param name="Answer">As a client would see it.</param>
/// <param name="Span">What was compared; empty where nothing was found.</param>
/// <param name="Score">0 to 1.</param>
/// <param name="Precision">For lists and ROUGE.</param>
/// <param name="Recall">For lists and ROUGE.</param>
/// <param name="Tokens">Tokens written.</param>
/// <param name="ExpertTokens">Those that an expert wrote.</param>
/// <param name="BasePasses">Forward passes of small models.</param>
/// <param name="ExpertPasses">Forward passes of experts.</param>
/// <param name="Finish">Why the answer ended.</param>
public sealed record ItemResult(
    string System,
    string Item,
    string Task,
    string Answer,
    string Span,
    double Score,
    double? Precision,
    double? Recall,
    int Tokens,
    int ExpertTokens,
    int BasePasses,
    int ExpertPasses,
    string Finish);
