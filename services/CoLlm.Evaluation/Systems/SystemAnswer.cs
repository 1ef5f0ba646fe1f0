namespace CoLlm.Evaluation.Systems;

/// <summary>An answer with what it cost.</summary>
/// <param name="Text">As a client would see it.</param>
/// <param name="TokenCount">Tokens written, an end-of-sequence token included.</param>
/// <param name="ExpertTokenCount">Those that an expert wrote; all of them where models are mixed at every token.</param>
/// <param name="BasePassCount">Forward passes of small models.</param>
/// <param name="ExpertPassCount">Forward passes of experts, that over the prompt included.</param>
/// <param name="Finish">Why it ended.</param>
public sealed record SystemAnswer(string Text, int TokenCount, int ExpertTokenCount, int BasePassCount, int ExpertPassCount, string Finish);
