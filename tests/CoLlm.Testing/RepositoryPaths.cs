namespace CoLlm.Testing;

/// <summary>Finds files of the checkout that the tests were built from, wherever the tests run.</summary>
public static class RepositoryPaths
{
    /// <summary>The checkout's root: the nearest folder above the test binaries that holds the solution file.</summary>
    /// <exception cref="DirectoryNotFoundException">The binaries were moved out of a checkout.</exception>
    public static string Root { get; } = FindRoot(AppContext.BaseDirectory);

    /// <summary>Golden data from the reference implementations; <c>tests/golden/README.md</c> describes every file.</summary>
    public static string Golden(params string[] segments) => Path.Combine([Root, "tests", "golden", .. segments]);

    private static string FindRoot(string start)
    {
        for (DirectoryInfo? folder = new(start); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "CoLlm.Distributed.sln")))
                return folder.FullName;
        }

        throw new DirectoryNotFoundException($"No folder above {start} holds CoLlm.Distributed.sln.");
    }
}
