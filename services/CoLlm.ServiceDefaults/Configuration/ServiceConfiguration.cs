using Microsoft.Extensions.Configuration;

namespace CoLlm.ServiceDefaults.Configuration;

/// <summary>
/// Reads one options object from a JSON file and the environment, and reports everything that is wrong with it at once: keys
/// nobody reads, values of the wrong kind, values out of range, and what the options say of themselves.
/// </summary>
public static class ServiceConfiguration
{
    /// <summary>Environment variables with this prefix override the file: <c>COLLM_Model__Directory</c> sets <c>Model.Directory</c>.</summary>
    public const string EnvironmentPrefix = "COLLM_";

    /// <summary>Reads and validates options; JSON comments and trailing commas are allowed.</summary>
    /// <param name="file">The configuration file.</param>
    /// <param name="validate">Rules across several values: returns a sentence for each one broken. Called only if the rest is right.</param>
    /// <exception cref="ServiceConfigurationException">The file is missing or malformed, or a value is wrong.</exception>
    public static TOptions Load<TOptions>(string file, Func<TOptions, IEnumerable<string>>? validate = null)
        where TOptions : class, new()
    {
        IConfigurationRoot configuration = Read(file);
        List<string> errors = [.. ConfigurationShape.Check(configuration, typeof(TOptions))];
        Throw(errors);

        TOptions options = configuration.Get<TOptions>() ?? new TOptions();
        errors.AddRange(AnnotationRules.Check(options));
        if (errors.Count == 0 && validate is not null)
            errors.AddRange(validate(options));
        Throw(errors);
        return options;
    }

    private static IConfigurationRoot Read(string file)
    {
        string path = Path.GetFullPath(file);
        if (!File.Exists(path))
            throw new ServiceConfigurationException([$"The configuration file {path} does not exist."]);
        try
        {
            return new ConfigurationBuilder().AddJsonFile(path, optional: false).AddEnvironmentVariables(EnvironmentPrefix).Build();
        }
        catch (Exception exception) when (exception is InvalidDataException or FormatException)
        {
            throw new ServiceConfigurationException([$"{path}: {exception.InnerException?.Message ?? exception.Message}"]);
        }
    }

    private static void Throw(List<string> errors)
    {
        if (errors.Count > 0)
            throw new ServiceConfigurationException(errors);
    }
}
