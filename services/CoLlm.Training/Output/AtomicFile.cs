namespace CoLlm.Training.Output;

/// <summary>Writes a small file under a temporary name and renames it when it is complete.</summary>
internal static class AtomicFile
{
    public static void WriteText(string path, string text)
    {
        string partial = path + ".partial";
        File.WriteAllText(partial, text);
        File.Move(partial, path, overwrite: true);
    }
}
