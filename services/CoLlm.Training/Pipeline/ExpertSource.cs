using System.Text.Json.Serialization;

namespace CoLlm.Training.Pipeline;

/// <summary>An expert that the swap head learns to defer to: a model directory on this machine, or a service elsewhere.</summary>
/// <param name="Name">As requests will call it.</param>
/// <param name="Directory">Its model directory; empty where it is elsewhere.</param>
/// <param name="Address">Its service, as <c>http://host:port</c>, with <c>/MODEL</c> where the model is called otherwise there; null where it is here.</param>
public sealed record ExpertSource(
    string Name, string Directory = "", [property: JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] Uri? Address = null)
{
    /// <summary>What its service calls the model: the address's path where it has one, else the expert's name.</summary>
    [JsonIgnore]
    public string Model => Address?.AbsolutePath.Trim('/') is { Length: > 0 } path ? path : Name;

    /// <summary>One sentence about what is wrong with it, or null.</summary>
    internal string? FindProblem()
    {
        if ((Address is null) == string.IsNullOrEmpty(Directory))
            return $"Expert {Name} needs a directory or an address, and not both.";
        return Address is null || (Address.IsAbsoluteUri && Address.Scheme is "http" or "https")
            ? null
            : $"Expert {Name}: {Address} is not an address such as http://127.0.0.1:5200.";
    }
}
