namespace CoLlm.Cli.Serving;

/// <summary>A temporary folder for configurations and logs; it goes when all went well, and stays where its logs may be wanted.</summary>
internal sealed class ServiceFolder : IDisposable
{
    /// <param name="purpose">Part of its name.</param>
    /// <exception cref="ServiceProcessException">Temporary files cannot be written.</exception>
    public ServiceFolder(string purpose)
    {
        try
        {
            Path = Directory.CreateTempSubdirectory($"collm-{purpose}-").FullName;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            throw new ServiceProcessException($"No temporary folder can be made in {System.IO.Path.GetTempPath()}: {exception.Message} Set TMPDIR to one that can be written.", exception);
        }
    }

    public string Path { get; }

    /// <summary>Whether the folder stays.</summary>
    public bool IsKept { get; set; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Dispose()
    {
        try
        {
            if (!IsKept)
                Directory.Delete(Path, recursive: true);
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // What stays is a few kilobytes in the folder for temporary files.
        }
    }
}
