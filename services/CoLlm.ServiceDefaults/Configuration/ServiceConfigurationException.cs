namespace CoLlm.ServiceDefaults.Configuration;

/// <summary>A service's configuration cannot be used; <see cref="Errors"/> holds everything that is wrong, a sentence each.</summary>
public sealed class ServiceConfigurationException(IReadOnlyList<string> errors)
    : Exception(string.Join(Environment.NewLine, errors))
{
    public IReadOnlyList<string> Errors { get; } = errors;
}
