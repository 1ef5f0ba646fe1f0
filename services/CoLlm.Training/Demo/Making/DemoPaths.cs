namespace CoLlm.Training.Demo.Making;

/// <summary>Where the demo is made from, where its stages lie, and where the models go.</summary>
/// <param name="Data">The hand-written files.</param>
/// <param name="Recipe">Settings.</param>
/// <param name="Work">Stages; a run that was killed goes on from here.</param>
/// <param name="Output">Receives one folder per model: <c>base</c>, and each expert by its name.</param>
public sealed record DemoPaths(string Data, string Recipe, string Work, string Output)
{
    internal string CorpusFolder => Path.Combine(Work, "corpus");

    internal string Corpus(string file) => Path.Combine(CorpusFolder, file);

    internal string Tokenizer => Path.Combine(Work, "tokenizer");

    /// <summary>A model without weights.</summary>
    internal string Seed(string name) => Path.Combine(Seeds, name);

    internal string Seeds => Path.Combine(Work, "seeds");

    /// <summary>Stages of one training.</summary>
    internal string Training(string name) => Path.Combine(Work, "training", name);

    /// <summary>
    /// A trained model: each expert, <c>base</c> as it learned to converse, <c>finetuned</c> for comparison, and <c>deferring</c>, which is
    /// published as the demo's base.
    /// </summary>
    internal string Model(string name) => Path.Combine(Work, "models", name);
}
