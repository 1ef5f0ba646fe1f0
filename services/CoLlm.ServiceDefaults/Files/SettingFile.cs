namespace CoLlm.ServiceDefaults.Files;

/// <summary>A small file that a setting names.</summary>
/// <param name="Setting">The setting.</param>
/// <param name="Path">Its value.</param>
public sealed record SettingFile(string Setting, string Path)
{
    /// <summary>Far above what any chain, bundle of authorities or list of keys needs.</summary>
    private const int MaxBytes = 4 << 20;

    /// <exception cref="SettingFileException">The file is missing, cannot be read or is too large.</exception>
    public byte[] Read()
    {
        if (Path.Length == 0)
            throw new SettingFileException(Setting, "it is not set.");
        try
        {
            using FileStream stream = File.OpenRead(Path);
            if (stream.Length > MaxBytes)
                throw new SettingFileException(Setting, $"{Path} has {stream.Length} bytes; at most {MaxBytes} are read.");
            byte[] content = new byte[stream.Length];
            stream.ReadExactly(content);
            return content;
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException or ArgumentException or NotSupportedException)
        {
            throw new SettingFileException(Setting, $"{Path} cannot be read: {exception.Message}");
        }
    }
}
