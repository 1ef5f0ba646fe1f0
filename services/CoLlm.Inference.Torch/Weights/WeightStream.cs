using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Torch.Devices;
using static TorchSharp.torch;

namespace CoLlm.Inference.Torch.Weights;

/// <summary>
/// Copies stored tensors to the device piece by piece. Host memory holds one bounded staging buffer, in pinned pages for CUDA, beside the
/// mapped file; on the processor the pieces go straight to their place.
/// </summary>
internal sealed unsafe class WeightStream(ICheckpoint checkpoint, TorchDevice device, ScalarType type, TensorBag bag, IProgress<double>? progress)
    : IDisposable
{
    private const long StagingBytes = 32 << 20;

    private readonly Dictionary<ElementType, Tensor> _staging = [];
    private readonly long _totalElements = WeightCount.Of(checkpoint.Config);
    private long _elements;

    /// <summary>Bytes of weights on the device so far.</summary>
    public long DeviceBytes { get; private set; }

    /// <summary>Matrices of equal width, one below the other. <c>[rows of all, columns]</c></summary>
    public Tensor Matrix(long columns, params ReadOnlySpan<(string Name, long Rows)> parts)
    {
        long rows = 0;
        foreach ((_, long partRows) in parts)
            rows += partRows;
        Tensor matrix = bag.Keep(empty([rows, columns], type, device.Device));
        long row = 0;
        foreach ((string name, long partRows) in parts)
        {
            using var scope = NewDisposeScope();
            Fill(matrix.narrow(0, row, partRows).view(-1), checkpoint.GetTensor(name, partRows, columns));
            row += partRows;
        }

        DeviceBytes += rows * columns * matrix.ElementSize;
        return matrix;
    }

    /// <summary>Vectors end to end. <c>[length of all]</c></summary>
    public Tensor Vector(params ReadOnlySpan<(string Name, long Length)> parts)
    {
        long length = 0;
        foreach ((_, long partLength) in parts)
            length += partLength;
        Tensor vector = bag.Keep(empty([length], type, device.Device));
        long start = 0;
        foreach ((string name, long partLength) in parts)
        {
            using var scope = NewDisposeScope();
            Fill(vector.narrow(0, start, partLength), checkpoint.GetTensor(name, partLength));
            start += partLength;
        }

        DeviceBytes += length * vector.ElementSize;
        return vector;
    }

    public void Dispose()
    {
        foreach (Tensor staging in _staging.Values)
            staging.Dispose();
    }

    private void Fill(Tensor target, in TensorView source)
    {
        int size = source.ElementType == ElementType.Float32 ? sizeof(float) : sizeof(ushort);
        long count = source.ByteLength / size;
        bool direct = !device.IsCuda && TypeOf(source.ElementType) == type;
        long piece = StagingBytes / size;
        for (long done = 0; done < count; done += piece)
        {
            using var scope = NewDisposeScope();
            long now = Math.Min(piece, count - done);
            ReadOnlySpan<byte> bytes = new(source.Data + (done * size), (int)(now * size));
            Tensor place = target.narrow(0, done, now);
            if (direct)
            {
                bytes.CopyTo(place.bytes);
            }
            else
            {
                Tensor staged = Staging(source.ElementType, piece).narrow(0, 0, now);
                bytes.CopyTo(staged.bytes);
                place.copy_(staged);
            }

            if (!place.isfinite().all().item<bool>())
                throw FindFault(source, done, now, size);
            _elements += now;
            progress?.Report((double)_elements / _totalElements);
        }
    }

    private Tensor Staging(ElementType stored, long elements)
    {
        if (_staging.TryGetValue(stored, out Tensor? staging))
            return staging;
        Tensor plain = empty([elements], TypeOf(stored));
        staging = (device.IsCuda ? plain.pin_memory() : plain).DetachFromDisposeScope();
        return _staging[stored] = staging;
    }

    private CheckpointException FindFault(in TensorView source, long start, long count, int size)
    {
        for (long i = start; i < start + count; i++)
        {
            float value = source.ElementType switch
            {
                ElementType.Float32 => ((float*)source.Data)[i],
                ElementType.Float16 => (float)((Half*)source.Data)[i],
                _ => BitConverter.UInt32BitsToSingle((uint)((ushort*)source.Data)[i] << 16),
            };
            if (!float.IsFinite(value))
                return new CheckpointException($"Tensor '{source.Name}' holds {(float.IsNaN(value) ? "NaN" : "infinity")} at element {i}; the model cannot be run.");
            if (type == ScalarType.Float16 && float.IsInfinity((float)(Half)value))
                return new CheckpointException($"Tensor '{source.Name}' holds {value} at element {i}, too large for Float16; load the model as BFloat16 or Float32.");
        }

        return new CheckpointException($"Tensor '{source.Name}' changed on its way to the device ({size} bytes an element).");
    }

    /// <summary>The library's name of a stored format.</summary>
    public static ScalarType TypeOf(ElementType stored) => stored switch
    {
        ElementType.Float32 => ScalarType.Float32,
        ElementType.Float16 => ScalarType.Float16,
        _ => ScalarType.BFloat16,
    };
}
