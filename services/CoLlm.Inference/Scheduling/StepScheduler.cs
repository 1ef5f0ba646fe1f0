namespace CoLlm.Inference.Scheduling;

/// <summary>
/// Decides whose rows go into the next step. Short work (decode steps, short suffixes) goes first; long prompts get a bounded share
/// beside it, so neither starves the other; lazily appended tokens fill what is left.
/// </summary>
internal static class StepScheduler
{
    /// <summary>Pending rows up to which work counts as short.</summary>
    public const int ShortWorkRows = 4;

    /// <summary>Chooses rows in the order of the lists. The caller keeps who was left out at the front, which makes it fair.</summary>
    /// <param name="active">Sessions with a call in flight.</param>
    /// <param name="riding">Sessions with lazily appended tokens.</param>
    /// <param name="options">The engine's bounds.</param>
    /// <param name="entries">Receives the choice; at most one entry per session, each with at least one row.</param>
    public static void Choose(
        IReadOnlyList<SessionState> active, IReadOnlyList<SessionState> riding, InferenceEngineOptions options, List<StepEntry> entries)
    {
        int longWork = 0;
        for (int i = 0; i < active.Count; i++)
            longWork += IsShort(active[i]) ? 0 : 1;

        // 1 Short work, leaving a quarter of the rows and one output for long work that waits.
        Budget left = new(options.MaxRowsPerStep, options.MaxOutputsPerStep);
        Budget kept = longWork > 0 ? new Budget(options.MaxRowsPerStep / 4, 1) : default;
        left = Serve(active, wantShort: true, left.Minus(kept), entries).Plus(kept);

        // 2 Long work: all that is left, or its bounded share when others decode in the same step.
        int shortEntries = entries.Count;
        int longRows = shortEntries > 0 ? Math.Min(left.Rows, options.MaxPrefillRowsBesideDecode) : left.Rows;
        Budget afterLong = Serve(active, wantShort: false, left with { Rows = longRows }, entries);
        left = new Budget(left.Rows - longRows + afterLong.Rows, afterLong.Outputs);

        // 3 Lazily appended tokens never cause a step.
        if (entries.Count > 0)
            ServeRiding(riding, Math.Min(left.Rows, options.MaxRideAlongRows), entries);
    }

    private static bool IsShort(SessionState session) => session.Length - session.Computed <= ShortWorkRows;

    private static Budget Serve(IReadOnlyList<SessionState> sessions, bool wantShort, Budget left, List<StepEntry> entries)
    {
        for (int i = 0; i < sessions.Count && left.Rows > 0; i++)
        {
            SessionState session = sessions[i];
            if (IsShort(session) != wantShort)
                continue;
            (int rows, int outputs) = session.TakeRows(left.Rows, left.Outputs);
            if (rows == 0)
                continue;
            entries.Add(new StepEntry(session, session.Computed, rows, outputs));
            left = new Budget(left.Rows - rows, left.Outputs - outputs);
        }

        return left;
    }

    private static void ServeRiding(IReadOnlyList<SessionState> riding, int left, List<StepEntry> entries)
    {
        for (int i = 0; i < riding.Count && left > 0; i++)
        {
            SessionState session = riding[i];
            int rows = Math.Min(left, session.Length - session.Computed);
            entries.Add(new StepEntry(session, session.Computed, rows, 0));
            left -= rows;
        }
    }

    private readonly record struct Budget(int Rows, int Outputs)
    {
        public Budget Minus(Budget other) => new(Rows - other.Rows, Outputs - other.Outputs);

        public Budget Plus(Budget other) => new(Rows + other.Rows, Outputs + other.Outputs);
    }
}
