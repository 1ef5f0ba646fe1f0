namespace CoLlm.Training.Demo.Data;

/// <summary>Where an entity may be asked about.</summary>
internal enum DemoSplit
{
    /// <summary>While the base learns the answer format.</summary>
    Base,

    /// <summary>For the first time in the joint training of base and swap head.</summary>
    Train,

    /// <summary>While thresholds are calibrated.</summary>
    Validation,

    /// <summary>In evaluation alone.</summary>
    HeldOut,
}

/// <summary>Ids of one kind of entity by split.</summary>
internal sealed record SplitIds(
    IReadOnlyList<string> Base, IReadOnlyList<string> Train, IReadOnlyList<string> Validation, IReadOnlyList<string> HeldOut)
{
    public IEnumerable<(string Id, DemoSplit Split)> All =>
        Base.Select(id => (id, DemoSplit.Base)).Concat(Train.Select(id => (id, DemoSplit.Train)))
            .Concat(Validation.Select(id => (id, DemoSplit.Validation))).Concat(HeldOut.Select(id => (id, DemoSplit.HeldOut)));
}

/// <summary>A rule that every text for the base and the swap head obeys; the id says which check it is.</summary>
internal sealed record LeakRule(string Id, string Rule);

/// <summary>What <c>split.json</c> says.</summary>
internal sealed record SplitTable(
    IReadOnlyList<LeakRule> LeakRules, SplitIds Drugs, SplitIds Animals, SplitIds AnimalLists, SplitIds Powers, SplitIds Products);
