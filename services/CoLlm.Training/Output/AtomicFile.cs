namespace CoLlm.Training.Output;

/// <summary>Writes a small file under a temporary name and renames it when it is complete.</summary>
internal static class AtomicFile
{
    public static void WriteText(string path, string text) => Write(path, file => file.Write(text));

    /// <summary>As <see cref="WriteText"/>, for content that is written piece by piece.</summary>
    public static void Write(string path, Action<TextWriter> fill)
    {
        string partial = path + ".partial";
        using (StreamWriter file = new(partial) { NewLine = "\n" })
            fill(file);
        File.Move(partial, path, overwrite: true);
    }
}
