namespace CoLlm.Training.Output;

/// <summary>Fills a folder under a temporary name and renames it when it is complete, so that a half-written one is never taken for whole.</summary>
internal static class AtomicFolder
{
    /// <summary>Ends the name of a folder that is not complete.</summary>
    public const string PartialSuffix = ".partial";

    /// <summary>Creates <paramref name="path"/> with what <paramref name="fill"/> writes; an existing folder of that name is replaced.</summary>
    public static void Write(string path, Action<string> fill)
    {
        string partial = path + PartialSuffix;
        Delete(partial);
        Directory.CreateDirectory(partial);
        fill(partial);
        Delete(path);
        Directory.Move(partial, path);
    }

    public static void Delete(string path)
    {
        if (Directory.Exists(path))
            Directory.Delete(path, recursive: true);
    }
}
