using CoLlm.Inference.Backends;
using CoLlm.Inference.Checkpoints;
using CoLlm.Inference.Cpu.Forward;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;
using CoLlm.Inference.Models;

namespace CoLlm.Inference.Cpu;

/// <summary>
/// Runs a model on the processor's cores, in pure C#. Bitwise reproducible: every output is reduced in one order, whatever the
/// batch, the chunking, the number of threads or the register width. Keys and values are cached in single precision.
/// </summary>
public sealed class CpuBackend : IInferenceBackend
{
    private readonly CpuModel _model;
    private readonly KernelTable _kernels;
    private readonly WorkerPool _pool;
    private KvStore? _cache;
    private ForwardPass? _pass;

    private CpuBackend(CpuModel model, KernelTable kernels, WorkerPool pool)
    {
        _model = model;
        _kernels = kernels;
        _pool = pool;
    }

    public string Name => "cpu";

    public BackendCapabilities Capabilities => BackendCapabilities.BitwiseReproducible;

    public ModelConfig Config => _model.Config;

    /// <summary>Compute threads in use.</summary>
    public int ThreadCount => _pool.ThreadCount;

    /// <summary>The kernels that are chosen here, in words: the best that the processor has and the system allows.</summary>
    public static string BestKernels => KernelTable.For(KernelTable.Best).Description;

    /// <summary>The kernels that this backend runs, in words.</summary>
    public string Kernels => _kernels.Description;

    /// <summary>Bytes of the packed matrices, in memory or in the mapped cache file.</summary>
    public long PackedWeightBytes => _model.PackedBytes;

    /// <summary>Packs or maps the weights and starts the compute threads. The checkpoint must stay open while the backend is used.</summary>
    /// <param name="checkpoint">The model.</param>
    /// <param name="options">Settings; null for the defaults.</param>
    /// <param name="progress">Told the fraction packed, from several threads; not told anything when a packed file is mapped.</param>
    /// <exception cref="CheckpointException">A tensor is missing, has a wrong shape, or holds NaN or infinity.</exception>
    public static CpuBackend Load(ICheckpoint checkpoint, CpuBackendOptions? options = null, IProgress<double>? progress = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        options ??= new CpuBackendOptions();
        int cores = Environment.ProcessorCount;
        int threads = options.ThreadCount is > 0 and int wanted && wanted <= cores ? wanted : cores;
        var plan = new ModelPlan(checkpoint, options.WeightFormat);
        IPackedStorage storage = PackedWeights.Open(checkpoint, plan, options, threads, progress);
        try
        {
            var model = new CpuModel(checkpoint, plan, storage);
            return new CpuBackend(model, KernelTable.For(options.InstructionSet ?? KernelTable.Best), new WorkerPool(threads));
        }
        catch
        {
            storage.Dispose();
            throw;
        }
    }

    public long KvBlockBytes(int blockSizeTokens) => KvStore.KvBlockBytes(Config, blockSizeTokens);

    public void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep)
    {
        if (_cache is not null)
            throw new InvalidOperationException("The KV cache is allocated once.");
        _cache = new KvStore(Config, blockCount, blockSizeTokens);
        _pass = new ForwardPass(_model, _kernels, _pool, _cache, maxRowsPerStep, maxOutputsPerStep);
    }

    public void CopyBlock(int fromBlock, int toBlock) => Cache.CopyBlock(fromBlock, toBlock);

    /// <summary>The engine's thread leads the compute threads and has their priority.</summary>
    public void EnterLoop() => ComputePriority.LowerCurrentThread();

    public void Run(StepPlan plan, StepOutput output)
    {
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(output);
        ForwardPass pass = _pass ?? throw new InvalidOperationException("The KV cache must be allocated first.");
        if (plan.TokenIds.IsEmpty)
            return;
        output.EnsureCapacity(plan.OutputRows.Length);
        pass.Run(plan, output);
        if (pass.FailedOutput >= 0)
        {
            int row = plan.OutputRows[pass.FailedOutput];
            throw new NonFiniteActivationException(
                $"Row {row} of the step has logits that are NaN or infinite; the model's weights or activations overflow.",
                pass.SequenceOfOutput(pass.FailedOutput));
        }
    }

    /// <summary>The parts that measurements drive one by one.</summary>
    internal (CpuModel Model, KernelTable Kernels, WorkerPool Pool) Parts => (_model, _kernels, _pool);

    public void Dispose()
    {
        _pool.Dispose();
        _pass?.Dispose();
        _cache?.Dispose();
        _model.Dispose();
    }

    private KvStore Cache => _cache ?? throw new InvalidOperationException("The KV cache must be allocated first.");
}
