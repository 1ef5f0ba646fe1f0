using System.Numerics.Tensors;
using System.Runtime.InteropServices;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Training.Kernels;

namespace CoLlm.Training.Model;

/// <summary>Fills a model's tensors: from a checkpoint, or with random numbers for training from nothing.</summary>
internal static unsafe class ModelWeights
{
    private const float InitialDeviation = 0.02f;

    /// <summary>Copies every tensor of the checkpoint to fp32.</summary>
    /// <exception cref="CheckpointException">A tensor is missing or of another shape.</exception>
    public static TrainableModel Load(ICheckpoint checkpoint)
    {
        TrainableModel model = new(checkpoint.Config);
        foreach (Parameter parameter in model.Parameters)
            Read(checkpoint, parameter.Name, parameter);
        return model;
    }

    /// <summary>Reads a tensor under the given name into the parameter, widened to fp32.</summary>
    public static void Read(ICheckpoint checkpoint, string name, Parameter parameter) =>
        Widen(checkpoint.GetTensor(name, [.. parameter.Shape.Select(extent => (long)extent)]), parameter.Value.Span);

    /// <summary>Reads a tensor of the parameter's shape into a block beside it.</summary>
    public static void Read(ICheckpoint checkpoint, string name, Parameter parameter, FloatBlock target) =>
        Widen(checkpoint.GetTensor(name, [.. parameter.Shape.Select(extent => (long)extent)]), target.Span);

    /// <summary>
    /// Norms one, biases zero, everything else normal with deviation 0.02, the projections that write to the residual stream
    /// divided by the square root of twice the layer count. The seed decides every bit.
    /// </summary>
    /// <param name="config">Sizes.</param>
    /// <param name="seed">Of all random numbers.</param>
    /// <param name="seedsCopying">Adds a <see cref="CopyingCircuit"/>, where there is room for one.</param>
    public static TrainableModel Initialize(ModelConfig config, ulong seed, bool seedsCopying = false)
    {
        TrainableModel model = new(config);
        float residualDeviation = InitialDeviation / MathF.Sqrt(2 * config.LayerCount);
        ulong stream = 0;
        foreach (Parameter parameter in model.Parameters)
        {
            SeededRandom random = SeededRandom.ForStream(seed, stream++);
            if (parameter.Shape.Count == 1)
            {
                parameter.Value.Span.Fill(parameter.Name.EndsWith(".bias", StringComparison.Ordinal) ? 0 : 1);
                continue;
            }

            bool writesResidual = parameter.Name.EndsWith("o_proj.weight", StringComparison.Ordinal)
                || parameter.Name.EndsWith("down_proj.weight", StringComparison.Ordinal);
            foreach (ref float value in parameter.Value.Span)
                value = (writesResidual ? residualDeviation : InitialDeviation) * random.NextNormal();
        }

        if (seedsCopying && CopyingCircuit.Fits(config))
            new CopyingCircuit(model, SeededRandom.ForStream(seed, stream)).Seed();
        return model;
    }

    private static void Widen(TensorView tensor, Span<float> target)
    {
        ReadOnlySpan<byte> bytes = new(tensor.Data, checked((int)tensor.ByteLength));
        switch (tensor.ElementType)
        {
            case ElementType.Float32:
                bytes.CopyTo(MemoryMarshal.AsBytes(target));
                break;
            case ElementType.Float16:
                TensorPrimitives.ConvertToSingle(MemoryMarshal.Cast<byte, Half>(bytes), target);
                break;
            default:
                ReadOnlySpan<ushort> halves = MemoryMarshal.Cast<byte, ushort>(bytes);
                for (int i = 0; i < target.Length; i++)
                    target[i] = BitConverter.UInt32BitsToSingle((uint)halves[i] << 16);
                break;
        }
    }
}
