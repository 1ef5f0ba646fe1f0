namespace CoLlm.ServiceDefaults.Files;

/// <summary>A file that a setting names cannot be used.</summary>
/// <param name="setting">The setting that names the file, such as <c>Certificate.Path</c>.</param>
/// <param name="sentence">What is wrong with it.</param>
public sealed class SettingFileException(string setting, string sentence) : Exception($"{setting}: {sentence}")
{
    public string Setting { get; } = setting;

    /// <summary>What is wrong, without the setting.</summary>
    public string Sentence { get; } = sentence;

    /// <summary>The message of the exception that an attempt ends with; null where it succeeds.</summary>
    public static string? Of(Action attempt)
    {
        try
        {
            attempt();
            return null;
        }
        catch (SettingFileException exception)
        {
            return exception.Message;
        }
    }
}
