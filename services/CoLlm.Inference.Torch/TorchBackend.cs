using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Models;
using CoLlm.Inference.Torch.Devices;
using CoLlm.Inference.Torch.Forward;
using CoLlm.Inference.Torch.Measuring;
using CoLlm.Inference.Torch.Weights;
using TorchSharp;

namespace CoLlm.Inference.Torch;

/// <summary>
/// Runs a model on a device of libtorch. Equal tokens give equal results within the rounding of the format, not bit for bit: the library
/// chooses its kernels by the shape of the batch.
/// </summary>
public sealed class TorchBackend : IMeasuredBackend
{
    /// <summary>The share of free memory that is left for a step's intermediate results and the allocator's slack.</summary>
    private const double ReservedShare = 0.1;

    private const long LeastReserved = 512L << 20;

    private readonly TorchDevice _device;
    private readonly TorchModel _model;
    private KvStore? _cache;
    private ForwardPass? _pass;

    private TorchBackend(TorchDevice device, TorchModel model)
    {
        _device = device;
        _model = model;
    }

    public string Name => _device.Name;

    public BackendCapabilities Capabilities => BackendCapabilities.ReducesOutputs;

    public ModelConfig Config => _model.Config;

    public string DeviceDescription => $"{_device.Describe()}, libtorch {torch.__version__}, {_model.Type}";

    public long StepWeightBytes => _model.StepBytes;

    public long? FreeKvBytes
    {
        get
        {
            if (!_device.IsCuda)
                return null;
            long free = _device.FreeBytes();
            return Math.Max(0, free - Math.Max(LeastReserved, (long)(free * ReservedShare)));
        }
    }

    /// <summary>Streams the weights to the device. The checkpoint may be closed afterwards.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="progress">Told the fraction of the weights that is on the device.</param>
    /// <exception cref="CheckpointException">A tensor is missing, has a wrong shape, or holds NaN or infinity.</exception>
    /// <exception cref="DeviceUnavailableException">The device, its driver or a library is missing or too old, or memory runs out.</exception>
    public static TorchBackend Load(ICheckpoint checkpoint, TorchBackendOptions? options = null, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        options ??= new TorchBackendOptions();
        TorchDevice device = TorchDevice.Open(options.Device);
        return device.Try("load the weights", () => new TorchBackend(device, TorchModel.Load(checkpoint, device, options.ComputeFormat, progress)));
    }

    public long KvBlockBytes(int blockSizeTokens) =>
        2L * Config.LayerCount * blockSizeTokens * Config.KeyValueHeadCount * Config.HeadDim * (_model.Type == torch.ScalarType.Float32 ? sizeof(float) : sizeof(ushort));

    public void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep)
    {
        if (_cache is not null)
            throw new InvalidOperationException("The KV cache is allocated once.");
        string what = $"allocate {blockCount} KV blocks of {KvBlockBytes(blockSizeTokens)} bytes";
        _cache = _device.Try(what, () => new KvStore(Config, _model.Type, _device, blockCount, blockSizeTokens));
        _pass = _device.Try(
            "allocate a step's buffers",
            () => new ForwardPass(_model, _device, _cache, blockCount, blockSizeTokens, maxRowsPerStep, maxOutputsPerStep));
    }

    public void CopyBlock(int fromBlock, int toBlock) => (_cache ?? throw NotAllocated()).CopyBlock(fromBlock, toBlock);

    public void Run(StepPlan plan, StepOutput output)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(output);
        ForwardPass pass = _pass ?? throw NotAllocated();
        if (plan.TokenIds.IsEmpty)
            return;
        output.EnsureCapacity(plan.OutputRows.Length);
        output.EnsureEntries(plan);
        pass.Run(plan, output);
    }

    /// <summary>Bytes that the last step brought back to the host.</summary>
    internal long BytesFetched => _pass?.BytesFetched ?? 0;

    public double CopyBandwidth() => new DeviceCeilings(_device, _model.Type).CopyBandwidth();

    public double MatmulRate() => new DeviceCeilings(_device, _model.Type).MatmulRate();

    public void Dispose()
    {
        _pass?.Dispose();
        _cache?.Dispose();
        _model.Dispose();
    }

    private static InvalidOperationException NotAllocated() => new("The KV cache must be allocated first.");
}
