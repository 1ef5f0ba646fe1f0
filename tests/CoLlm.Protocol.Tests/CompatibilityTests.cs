using CoLlm.Protocol.V1;
using CoLlm.Testing;
using Google.Protobuf.Reflection;

namespace CoLlm.Protocol.Tests;

/// <summary>Numbers once given out keep their meaning: the protos are compared with the list of all numbers.</summary>
public sealed class CompatibilityTests
{
    private static readonly FileDescriptor[] Files = [TokensReflection.Descriptor, ExpertReflection.Descriptor, GenerationReflection.Descriptor];

    [Fact]
    public void Numbers_OfEveryFieldValueAndMethod_AreTheListedOnes()
    {
        string path = Path.Combine(RepositoryPaths.Root, "protos", "compatibility.txt");
        string[] listed = [.. File.ReadLines(path).Where(line => line.Length > 0 && line[0] != '#')];
        string[] actual = [.. Files.SelectMany(Describe)];

        Assert.Empty(listed.Except(actual).Select(line => $"{line} (listed, but gone or changed)"));
        Assert.Empty(actual.Except(listed).Select(line => $"{line} (add this line to protos/compatibility.txt)"));
    }

    [Fact]
    public void Enums_FirstValue_IsUnspecified() =>
        Assert.All(Files.SelectMany(file => file.EnumTypes), type => Assert.EndsWith("_UNSPECIFIED", type.FindValueByNumber(0).Name));

    private static IEnumerable<string> Describe(FileDescriptor file) =>
    [
        .. file.EnumTypes.SelectMany(type => type.Values.Select(value => $"{type.FullName} {value.Name} = {value.Number}")),
        .. file.MessageTypes.SelectMany(message => message.Fields.InFieldNumberOrder().Select(Describe)),
        .. file.Services.SelectMany(service => service.Methods.Select(method =>
            $"{service.FullName} {method.Name} ({Streamed(method.IsClientStreaming)}{method.InputType.Name}) "
            + $"returns ({Streamed(method.IsServerStreaming)}{method.OutputType.Name})")),
    ];

    private static string Describe(FieldDescriptor field)
    {
        string type = field.FieldType switch
        {
            FieldType.Message => field.MessageType.Name,
            FieldType.Enum => field.EnumType.Name,
            _ => field.FieldType.ToString().ToLowerInvariant(),
        };
        string label = field.IsRepeated ? "repeated " : field.HasPresence && field.RealContainingOneof is null && field.FieldType != FieldType.Message ? "optional " : "";
        string oneof = field.RealContainingOneof is { } choice ? $" in {choice.Name}" : "";
        return $"{field.ContainingType.FullName} {label}{type} {field.Name} = {field.FieldNumber}{oneof}";
    }

    private static string Streamed(bool isStream) => isStream ? "stream " : "";
}
