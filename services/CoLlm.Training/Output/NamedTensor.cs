using CoLlm.Training.Kernels;
using CoLlm.Training.Model;

namespace CoLlm.Training.Output;

/// <summary>A float tensor under the name it has in a file.</summary>
internal sealed record NamedTensor(string Name, IReadOnlyList<int> Shape, ReadOnlyMemory<float> Values)
{
    public static NamedTensor Of(Parameter parameter) => Of(parameter.Name, parameter, parameter.Value);

    /// <summary>A block of the parameter's shape under another name.</summary>
    public static NamedTensor Of(string name, Parameter parameter, FloatBlock values) => new(name, parameter.Shape, values.Memory);
}
