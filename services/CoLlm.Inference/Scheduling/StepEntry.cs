using CoLlm.Inference.Failures;

namespace CoLlm.Inference.Scheduling;

/// <summary>One session's share of a step.</summary>
/// <param name="Session">The session.</param>
/// <param name="Start">Tokens it had computed before the step.</param>
/// <param name="Rows">Tokens computed in the step.</param>
/// <param name="Outputs">How many of them are wanted.</param>
internal record struct StepEntry(SessionState Session, int Start, int Rows, int Outputs)
{
    /// <summary>Set when the step was the session's last.</summary>
    public SessionFailedException? Failure { get; set; }
}
