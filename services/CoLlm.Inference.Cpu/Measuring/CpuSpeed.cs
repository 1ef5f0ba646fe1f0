using System.Diagnostics;
using CoLlm.Inference.Cpu.Forward;
using CoLlm.Inference.Cpu.Kernels;
using CoLlm.Inference.Cpu.Memory;
using CoLlm.Inference.Cpu.Threading;
using CoLlm.Inference.Cpu.Weights;
using CoLlm.Inference.Measuring;

namespace CoLlm.Inference.Cpu.Measuring;

/// <summary>
/// Measures a backend beside what the machine can do: one reading per call, so that readings can be taken in turns. Owns the
/// backend's KV cache; the backend is not used otherwise.
/// </summary>
public sealed class CpuSpeed : IDisposable
{
    private readonly CeilingProgram _ceilings;
    private readonly ProductProgram _products;
    private readonly StepSpeed _steps;

    /// <param name="backend">A backend without a KV cache.</param>
    /// <param name="maxBatch">Largest number of sequences that will be asked for.</param>
    /// <param name="maxTokens">Longest sequence.</param>
    public CpuSpeed(CpuBackend backend, int maxBatch, int maxTokens)
    {
        ArgumentNullException.ThrowIfNull(backend);
        _ceilings = new CeilingProgram(backend);
        _products = new ProductProgram(backend, maxBatch);
        PackedBytes = backend.PackedWeightBytes;
        _steps = new StepSpeed(backend, maxBatch, maxTokens);
    }

    /// <summary>Bytes that a decode step reads of the weights.</summary>
    public long PackedBytes { get; }

    /// <summary>Reads all packed weights once, on all compute threads; bytes per second.</summary>
    public double ReadBandwidth() => _ceilings.ReadBytes / _ceilings.Measure(reading: true);

    /// <summary>Multiplies and adds in registers on all compute threads; single-precision operations per second.</summary>
    public double MultiplyAddPeak() => _ceilings.Operations / _ceilings.Measure(reading: false);

    /// <summary>Every matrix product of one step with this many rows, and nothing else; seconds.</summary>
    public double Products(int rows) => _products.Measure(rows);

    /// <summary>As <see cref="StepSpeed.Decode"/>.</summary>
    public double Decode(int batch, int context) => _steps.Decode(batch, context);

    /// <summary>As <see cref="StepSpeed.Prefill"/>.</summary>
    public double Prefill(int tokens, int batch = 1) => _steps.Prefill(tokens, batch);

    public void Dispose() => _products.Dispose();

    /// <summary>The two ceilings, on the backend's own threads.</summary>
    private sealed unsafe class CeilingProgram(CpuBackend backend) : IPoolProgram, IPoolLoop
    {
        private const long ReadItemBytes = 512 << 10;

        /// <summary>Weights of a small model are read again and again, until there is something to measure.</summary>
        private const long LeastReadBytes = 64 << 20;

        private const int MultiplyAddItems = 64;
        private const int MultiplyAddIterations = 50_000;

        private readonly KernelTable _kernels = backend.Parts.Kernels;
        private readonly WorkerPool _pool = backend.Parts.Pool;
        private readonly byte* _weights = (byte*)backend.Parts.Model.Layers[0].QueryKeyValue.Data;
        private readonly long _byteLength = backend.PackedWeightBytes;
        private readonly int _itemsPerPass = checked((int)((backend.PackedWeightBytes + ReadItemBytes - 1) / ReadItemBytes));
        private readonly int _passes = checked((int)((LeastReadBytes + backend.PackedWeightBytes - 1) / backend.PackedWeightBytes));
        private bool _reading;
        private double _seconds;

        public double Operations => (double)MultiplyAddItems * MultiplyAddIterations * MachineCeilings.OperationsPerLane * _kernels.Width;

        public double ReadBytes => (double)_byteLength * _passes;

        public double Measure(bool reading)
        {
            _reading = reading;
            _pool.Execute(this);
            return _seconds;
        }

        public void Execute()
        {
            long start = Stopwatch.GetTimestamp();
            _pool.For(_reading ? checked(_itemsPerPass * _passes) : MultiplyAddItems, this);
            _seconds = Stopwatch.GetElapsedTime(start).TotalSeconds;
        }

        public void Run(int item, int thread)
        {
            long start = item % _itemsPerPass * ReadItemBytes;
            if (_reading)
                _kernels.ReadCeiling(_weights + start, Math.Min(ReadItemBytes, _byteLength - start));
            else
                _kernels.MultiplyAddCeiling(MultiplyAddIterations);
        }
    }

    /// <summary>The matrix products of a step, without what lies between them.</summary>
    private sealed unsafe class ProductProgram : IPoolProgram, IDisposable
    {
        private readonly CpuModel _model;
        private readonly WorkerPool _pool;
        private readonly MatrixInput _input;
        private readonly MatrixProduct _product;
        private readonly NativeBuffer _source;
        private readonly NativeBuffer _packed;
        private readonly NativeBuffer _result;
        private readonly int _widest;
        private int _rows;
        private long _ticks;

        public ProductProgram(CpuBackend backend, int maxRows)
        {
            (_model, KernelTable kernels, _pool) = backend.Parts;
            _input = new MatrixInput(kernels, _pool);
            _product = new MatrixProduct(kernels, _pool);
            _widest = Math.Max(_model.Config.FeedForwardSize, _model.Config.HiddenSize);
            int columns = Math.Max(_model.Layers[0].GateUp.Columns, _model.Head.Columns);
            _source = new NativeBuffer((long)maxRows * _widest * sizeof(float));
            _packed = new NativeBuffer(maxRows * MatrixInput.MaxRowBytes(_widest));
            _result = new NativeBuffer((long)maxRows * columns * sizeof(float));
            new Span<float>(_source.Floats, maxRows * _widest).Fill(0.01f);
        }

        public double Measure(int rows)
        {
            _rows = rows;
            _pool.Execute(this);
            return (double)_ticks / Stopwatch.Frequency;
        }

        public void Execute()
        {
            _ticks = 0;
            foreach (CpuLayer layer in _model.Layers)
            {
                Multiply(layer.QueryKeyValue);
                Multiply(layer.AttentionOutput);
                Multiply(layer.GateUp);
                Multiply(layer.Down);
            }
            Multiply(_model.Head);
        }

        public void Dispose()
        {
            _source.Dispose();
            _packed.Dispose();
            _result.Dispose();
        }

        private void Multiply(in PackedMatrix matrix)
        {
            _input.Pack(matrix, _source.Floats, _widest, _rows, _packed.Data);
            long start = Stopwatch.GetTimestamp();
            _product.Run(matrix, _input, _result.Floats, matrix.Columns, ProductEnd.None, null, 0);
            _ticks += Stopwatch.GetTimestamp() - start;
        }
    }
}
