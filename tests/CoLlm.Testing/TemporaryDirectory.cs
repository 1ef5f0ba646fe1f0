namespace CoLlm.Testing;

/// <summary>An empty folder that is deleted with everything in it when the test ends.</summary>
public sealed class TemporaryDirectory : IDisposable
{
    public string Path { get; } = Directory.CreateTempSubdirectory("collm-test-").FullName;

    /// <summary>Path of a file in the folder.</summary>
    public string File(string name) => System.IO.Path.Combine(Path, name);

    public string Write(string name, string text)
    {
        System.IO.File.WriteAllText(File(name), text);
        return File(name);
    }

    public string Write(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(File(name), content);
        return File(name);
    }

    /// <summary>Copies all files of another folder (not its subfolders).</summary>
    public TemporaryDirectory CopyFrom(string folder)
    {
        foreach (string file in Directory.EnumerateFiles(folder))
            System.IO.File.Copy(file, File(System.IO.Path.GetFileName(file)), overwrite: true);
        return this;
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
