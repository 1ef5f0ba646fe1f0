namespace CoLlm.Architecture.Tests;

/// <summary>The checkout's own files: what people wrote, without build output, installed packages and data.</summary>
internal static class SourceTree
{
    private static readonly string[] ForeignFolders = ["bin", "obj", "node_modules", ".git", "golden", "TestResults"];

    /// <summary>Paths relative to the root, with forward slashes, in ordinal order.</summary>
    public static IReadOnlyList<string> Files { get; } = [.. Walk(new DirectoryInfo(RepositoryPaths.Root)).Order(StringComparer.Ordinal)];

    public static IEnumerable<string> With(string extension) => Files.Where(path => path.EndsWith(extension, StringComparison.Ordinal));

    public static string Read(string relativePath) => File.ReadAllText(Path.Combine(RepositoryPaths.Root, relativePath));

    private static IEnumerable<string> Walk(DirectoryInfo folder)
    {
        foreach (FileInfo file in folder.EnumerateFiles())
            yield return Path.GetRelativePath(RepositoryPaths.Root, file.FullName).Replace('\\', '/');
        foreach (DirectoryInfo child in folder.EnumerateDirectories().Where(child => !ForeignFolders.Contains(child.Name)))
        {
            foreach (string path in Walk(child))
                yield return path;
        }
    }
}
