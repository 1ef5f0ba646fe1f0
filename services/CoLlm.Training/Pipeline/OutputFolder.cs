namespace CoLlm.Training.Pipeline;

/// <summary>Makes sure that writing the trained model destroys nothing but an earlier one.</summary>
internal static class OutputFolder
{
    private static readonly string[] ModelFiles = ["config.json", "model.safetensors"];

    /// <exception cref="TrainingException">The folder is one that training reads from or works in, or it holds something else than a model.</exception>
    public static void Check(PipelineOptions options)
    {
        string output = Normal(options.Output);
        foreach (string used in options.Experts.Select(expert => expert.Directory).Where(directory => directory.Length > 0).Append(options.Model).Append(options.Work))
        {
            if (Normal(used).StartsWith(output, StringComparison.Ordinal))
                throw new TrainingException($"The trained model cannot be written to {options.Output}: {used} lies there.");
        }

        if (!Directory.Exists(options.Output) || !Directory.EnumerateFileSystemEntries(options.Output).Any())
            return;
        bool holdsModel = ModelFiles.All(name => File.Exists(Path.Combine(options.Output, name)));
        if (!holdsModel || Directory.EnumerateDirectories(options.Output).Any())
            throw new TrainingException($"{options.Output} holds something else than a model written by training; choose another folder or empty it.");
    }

    private static string Normal(string path) => Path.TrimEndingDirectorySeparator(Path.GetFullPath(path)) + Path.DirectorySeparatorChar;
}
