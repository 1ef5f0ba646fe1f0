using CoLlm.Inference.Cpu.Weights;

namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>
/// Generates <see cref="Int8Tile"/> and <see cref="Int4Tile"/> with the instruction that multiplies four pairs of bytes and adds them
/// to an integer (VPDPBUSD on 512 bits, which .NET has no intrinsic for): twice the products of the managed tiles per instruction
/// and none of their adding.
/// </summary>
/// <remarks>
/// The function is <c>void (byte* panel, int* input, int groups, float* output, long outputStride, int accumulate, byte* ahead)</c> in
/// the System V convention. Sums of all rows stay in registers, and the exact dots of up to six rows at a time beside them; more rows take a
/// group's weights in two turns, the second from the cache. A dot begins at the rows' correction, so nothing is subtracted.
/// </remarks>
internal sealed class DotProductCode
{
    public const int MaxRows = 8;

    private const GeneralRegister Panel = GeneralRegister.Rdi;
    private const GeneralRegister Input = GeneralRegister.Rsi;
    private const GeneralRegister Groups = GeneralRegister.Rdx;
    private const GeneralRegister Output = GeneralRegister.Rcx;
    private const GeneralRegister OutputStride = GeneralRegister.R8;
    private const GeneralRegister Accumulate = GeneralRegister.R9;
    private const GeneralRegister Row = GeneralRegister.Rax;
    private const GeneralRegister Ahead = GeneralRegister.Rax;
    private const byte AheadOnStack = 8;

    private const int Register = 64;
    private const int RowsAtOnce = 6;
    private const int PrefetchBytes = 4096;
    private const int FarPrefetchBytes = 16384;

    /// <summary>Tiles that read the same panel ask for the next one half each.</summary>
    private const int TilesThatAskAhead = 2;

    private readonly X64Assembler _assembler = new();
    private readonly WeightKind _kind;
    private readonly int _rows;
    private readonly bool _shared;
    private readonly int _turn;
    private int _nextRegister;

    private readonly VectorRegister[] _sums;
    private readonly VectorRegister[] _dots;
    private readonly VectorRegister _low, _high, _value;
    private readonly VectorRegister _lowSecond, _highSecond, _nibbles, _scaleMask, _scaleExponent;

    private DotProductCode(WeightKind kind, int rows, bool shared)
    {
        _kind = kind;
        _rows = rows;
        _shared = shared;
        _turn = rows <= RowsAtOnce ? rows : (rows + 1) / 2;
        _sums = Take(2 * rows);
        _dots = Take(2 * _turn);
        (_low, _high, _value) = (Take(), Take(), Take());
        if (kind == WeightKind.Int4)
            (_lowSecond, _highSecond, _nibbles, _scaleMask, _scaleExponent) = (Take(), Take(), Take(), Take(), Take());
    }

    private bool IsInt4 => _kind == WeightKind.Int4;

    private int InputBytes => Int4Tile.InputInts * sizeof(int) * _rows;

    /// <param name="kind"><see cref="WeightKind.Int8"/> or <see cref="WeightKind.Int4"/>.</param>
    /// <param name="rows">Activation rows, 1 to <see cref="MaxRows"/>.</param>
    /// <param name="shared">
    /// Other tiles read the same weights: they are in the second cache already, and what is asked for instead are the lines from
    /// <c>ahead</c> on, <see cref="AheadBytes"/> in a group. Otherwise <c>ahead</c> is not read.
    /// </param>
    public static byte[] Generate(WeightKind kind, int rows, bool shared)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(rows, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, MaxRows);
        var code = new DotProductCode(kind, rows, shared);
        code.WriteTile();
        return code._assembler.ToArray();
    }

    /// <summary>Bytes that a group of a tile whose weights are shared asks for ahead.</summary>
    public static int AheadBytes(WeightKind kind) => kind.UnitBytes() / TilesThatAskAhead;

    private void WriteTile()
    {
        if (IsInt4)
        {
            WriteConstant(_nibbles, 0x0F0F0F0F);
            WriteConstant(_scaleMask, unchecked((uint)Int4Tile.ScaleMask));
            WriteConstant(_scaleExponent, Int4Tile.ScaleExponent);
        }
        _assembler.Shl(OutputStride, 2);
        WriteStart();
        if (_shared)
            _assembler.MovFromStack(Ahead, AheadOnStack);
        CodePlace group = _assembler.Here;
        for (int line = 0; _shared && line < AheadBytes(_kind); line += Register)
            _assembler.Prefetcht1(new MemoryOperand(Ahead, line));
        for (int first = 0; first < _rows; first += _turn)
            WriteGroup(first, Math.Min(_turn, _rows - first));
        _assembler.Add(Panel, _kind.UnitBytes());
        _assembler.Add(Input, InputBytes);
        if (_shared)
            _assembler.Add(Ahead, AheadBytes(_kind));
        _assembler.Dec32(Groups);
        _assembler.JnzTo(group);
        WriteEnd();
    }

    private void WriteConstant(VectorRegister register, uint value)
    {
        _assembler.Mov32(Row, value);
        _assembler.Vpbroadcastd(register, Row);
    }

    /// <summary>Sums from zero, or from the output.</summary>
    private void WriteStart()
    {
        _assembler.Test(Accumulate);
        ForwardJump load = _assembler.Jnz();
        foreach (VectorRegister sum in _sums)
            _assembler.Vpxord(sum, sum, sum);
        ForwardJump begin = _assembler.Jmp();
        _assembler.Land(load);
        _assembler.Mov(Row, Output);
        for (int row = 0; row < _rows; row++)
        {
            _assembler.Vmovups(_sums[2 * row], new MemoryOperand(Row, 0));
            _assembler.Vmovups(_sums[(2 * row) + 1], new MemoryOperand(Row, Register));
            _assembler.Add(Row, OutputStride);
        }
        _assembler.Land(begin);
    }

    private void WriteEnd()
    {
        for (int row = 0; row < _rows; row++)
        {
            _assembler.Vmovups(new MemoryOperand(Output, 0), _sums[2 * row]);
            _assembler.Vmovups(new MemoryOperand(Output, Register), _sums[(2 * row) + 1]);
            _assembler.Add(Output, OutputStride);
        }
        _assembler.Vzeroupper();
        _assembler.Ret();
    }

    private void WriteGroup(int first, int rows)
    {
        for (int i = 0; i < rows; i++)
        {
            _assembler.Vpbroadcastd(_dots[2 * i], Correction(first + i));
            _assembler.Vpbroadcastd(_dots[(2 * i) + 1], Correction(first + i));
        }
        int scaleBytes = IsInt4 ? Int4Tile.ScaleBytes : Int8Tile.ScaleBytes;
        int lines = (_kind.UnitBytes() - scaleBytes) / (2 * Register);
        for (int line = 0; line < lines; line++)
        {
            int place = scaleBytes + (line * 2 * Register);
            WritePrefetches(place, first);
            _assembler.Vmovups(_low, new MemoryOperand(Panel, place));
            _assembler.Vmovups(_high, new MemoryOperand(Panel, place + Register));
            if (IsInt4)
                WriteNibbles();
            WriteProducts(_low, _high, line, first, rows);
            if (IsInt4)
                WriteProducts(_lowSecond, _highSecond, line + lines, first, rows);
        }
        WriteScales();
        for (int i = 0; i < 2 * rows; i++)
        {
            _assembler.VmulpsBroadcast(_value, i % 2 == 0 ? _low : _high, ActivationScale(first + (i / 2)));
            _assembler.Vcvtdq2ps(_dots[i], _dots[i]);
            _assembler.Vfmadd231ps(_sums[(2 * first) + i], _dots[i], _value);
        }
    }

    /// <summary>
    /// With many rows a group takes so long that the few lines which can be on their way to the nearest cache do not keep the
    /// memory busy; the next cache takes more of them. The turns then share the lines.
    /// </summary>
    private void WritePrefetches(int place, int first)
    {
        if (_shared)
            return;
        if (_turn == _rows)
        {
            _assembler.Prefetcht0(new MemoryOperand(Panel, place + PrefetchBytes));
            _assembler.Prefetcht0(new MemoryOperand(Panel, place + Register + PrefetchBytes));
            return;
        }
        int line = place + (first == 0 ? 0 : Register);
        _assembler.Prefetcht1(new MemoryOperand(Panel, line + FarPrefetchBytes));
        _assembler.Prefetcht0(new MemoryOperand(Panel, line + PrefetchBytes));
    }

    /// <summary>Lower halves of the bytes stay where they are, upper ones move beside them.</summary>
    private void WriteNibbles()
    {
        _assembler.Vpsrld(_lowSecond, _low, 4);
        _assembler.Vpsrld(_highSecond, _high, 4);
        foreach (VectorRegister register in (VectorRegister[])[_low, _high, _lowSecond, _highSecond])
            _assembler.Vpandd(register, register, _nibbles);
    }

    private void WriteProducts(VectorRegister low, VectorRegister high, int step, int first, int rows)
    {
        for (int i = 0; i < rows; i++)
        {
            _assembler.Vpbroadcastd(_value, new MemoryOperand(Input, sizeof(int) * (((2 + step) * _rows) + first + i)));
            _assembler.Vpdpbusd(_dots[2 * i], low, _value);
            _assembler.Vpdpbusd(_dots[(2 * i) + 1], high, _value);
        }
    }

    /// <summary>The group's scales of the weights, where the weights were.</summary>
    private void WriteScales()
    {
        if (IsInt4)
        {
            WriteSmallScales(_low, 0);
            WriteSmallScales(_high, Int4Tile.ScaleBytes / 2);
            return;
        }
        _assembler.Vmovups(_high, new MemoryOperand(Panel, 0));
        _assembler.Vpslld(_low, _high, 16);
        _assembler.Vpsrld(_high, _high, 16);
        _assembler.Vpslld(_high, _high, 16);
    }

    private void WriteSmallScales(VectorRegister register, int place)
    {
        _assembler.Vpmovsxbd(register, new MemoryOperand(Panel, place));
        _assembler.Vpslld(register, register, Int4Tile.ScaleShift);
        _assembler.Vpandd(register, register, _scaleMask);
        _assembler.Vpord(register, register, _scaleExponent);
    }

    private static MemoryOperand ActivationScale(int row) => new(Input, sizeof(int) * row);

    private MemoryOperand Correction(int row) => new(Input, sizeof(int) * (_rows + row));

    private VectorRegister[] Take(int count) => [.. Enumerable.Range(0, count).Select(_ => Take())];

    private VectorRegister Take() => _nextRegister < 32
        ? new VectorRegister(_nextRegister++)
        : throw new InvalidOperationException("A tile needs more than 32 registers.");
}
