using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>One tensor of the model in fp32 under its Hugging Face name, with its gradient where it is trained.</summary>
internal sealed class Parameter
{
    /// <summary>A tensor of zeros.</summary>
    /// <exception cref="TrainingException">It has more elements than one block of memory holds.</exception>
    public Parameter(string name, params int[] shape)
    {
        long length = shape.Aggregate(1L, (product, extent) => product * extent);
        if (length > int.MaxValue / 2)
            throw new TrainingException($"Tensor '{name}' has {length} elements; training holds at most {int.MaxValue / 2} in one tensor.");
        Name = name;
        Shape = shape;
        Value = new FloatBlock((int)length);
    }

    public string Name { get; }

    public IReadOnlyList<int> Shape { get; }

    /// <summary>The fp32 master weights, row-major.</summary>
    public FloatBlock Value { get; }

    /// <summary>Null: the tensor is frozen. Otherwise as long as <see cref="Value"/>; gradients are added to it.</summary>
    public FloatBlock? Gradient { get; private set; }

    public bool IsTrained => Gradient is not null;

    /// <summary>Makes the tensor trainable.</summary>
    public void Train() => Gradient ??= new FloatBlock(Value.Length);

    /// <summary>Drops the gradient: the tensor stays as it is.</summary>
    public void Freeze() => Gradient = null;
}
