using System.Buffers.Binary;

namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>
/// Writes the few x86-64 instructions that the dot-product tiles are made of; methods bear the mnemonics of the processor manuals,
/// destination first. Vector instructions are those of <see cref="EvexEncoding"/>.
/// </summary>
internal sealed class X64Assembler
{
    private const int Wide = 8;
    private readonly List<byte> _code = [];

    public byte[] ToArray() => [.. _code];

    /// <summary>Where the next instruction goes.</summary>
    public CodePlace Here => new(_code.Count);

    public void Mov(GeneralRegister target, GeneralRegister source) => Wide64(0x89, source, target);

    /// <summary>Loads an argument that is passed in memory.</summary>
    /// <param name="target">Receives it.</param>
    /// <param name="offset">Bytes above the return address.</param>
    public void MovFromStack(GeneralRegister target, byte offset)
    {
        RequireLow(target);
        _code.AddRange([0x48, 0x8B, (byte)(0x44 | ((int)target << 3)), 0x24, offset]);
    }

    /// <summary>Sets the lower 32 bits and clears the upper ones.</summary>
    public void Mov32(GeneralRegister target, uint value)
    {
        RequireLow(target);
        _code.Add((byte)(0xB8 + (int)target));
        Add32((int)value);
    }

    public void Add(GeneralRegister target, GeneralRegister source) => Wide64(0x01, source, target);

    public void Add(GeneralRegister target, int value)
    {
        Wide64(0x81, 0, target);
        Add32(value);
    }

    public void Shl(GeneralRegister target, byte bits)
    {
        Wide64(0xC1, (GeneralRegister)4, target);
        _code.Add(bits);
    }

    /// <summary>Subtracts one from the lower 32 bits; the zero flag says whether they are zero then.</summary>
    public void Dec32(GeneralRegister target)
    {
        RequireLow(target);
        _code.AddRange([0xFF, (byte)(0xC8 | (int)target)]);
    }

    /// <summary>The zero flag says whether the register is zero.</summary>
    public void Test(GeneralRegister register) => Wide64(0x85, register, register);

    /// <summary>Brings a line into all caches.</summary>
    public void Prefetcht0(MemoryOperand memory) => Prefetch(1, memory);

    /// <summary>Brings a line into all caches but the nearest.</summary>
    public void Prefetcht1(MemoryOperand memory) => Prefetch(2, memory);

    /// <summary>Jumps back to <paramref name="target"/> where the zero flag is not set.</summary>
    public void JnzTo(CodePlace target)
    {
        _code.AddRange([0x0F, 0x85]);
        Add32(target.Offset - (_code.Count + sizeof(int)));
    }

    /// <summary>Jumps forward where the zero flag is not set, to wherever <see cref="Land"/> is called.</summary>
    public ForwardJump Jnz() => Forward(0x0F, 0x85);

    /// <summary>Jumps forward, to wherever <see cref="Land"/> is called.</summary>
    public ForwardJump Jmp() => Forward(0xE9);

    /// <summary>The target of <paramref name="jump"/> is here.</summary>
    public void Land(ForwardJump jump)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, _code.Count - (jump.DisplacementOffset + sizeof(int)));
        for (int i = 0; i < bytes.Length; i++)
            _code[jump.DisplacementOffset + i] = bytes[i];
    }

    /// <summary>Ends the use of wide registers, so that narrow instructions elsewhere do not wait for their upper halves.</summary>
    public void Vzeroupper() => _code.AddRange([0xC5, 0xF8, 0x77]);

    public void Ret() => _code.Add(0xC3);

    public void Vmovups(VectorRegister target, MemoryOperand source) => EvexEncoding.Float(0x10).Write(_code, target, default, source);

    public void Vmovups(MemoryOperand target, VectorRegister source) => EvexEncoding.Float(0x11).Write(_code, source, default, target);

    /// <summary>All lanes from 32 bits of memory.</summary>
    public void Vpbroadcastd(VectorRegister target, MemoryOperand source) =>
        EvexEncoding.Byte38(0x58).WithElementBytes(4).Write(_code, target, default, source);

    /// <summary>All lanes from a general register.</summary>
    public void Vpbroadcastd(VectorRegister target, GeneralRegister source) =>
        EvexEncoding.Byte38(0x7C).Write(_code, target, default, new VectorRegister((int)source));

    /// <summary>Sixteen signed bytes of memory to integers.</summary>
    public void Vpmovsxbd(VectorRegister target, MemoryOperand source) =>
        EvexEncoding.Byte38(0x21).WithElementBytes(16).Write(_code, target, default, source);

    public void Vpxord(VectorRegister target, VectorRegister left, VectorRegister right) =>
        EvexEncoding.Integer(0xEF).Write(_code, target, left, right);

    public void Vpandd(VectorRegister target, VectorRegister left, VectorRegister right) =>
        EvexEncoding.Integer(0xDB).Write(_code, target, left, right);

    public void Vpord(VectorRegister target, VectorRegister left, VectorRegister right) =>
        EvexEncoding.Integer(0xEB).Write(_code, target, left, right);

    public void Vpsrld(VectorRegister target, VectorRegister source, byte bits)
    {
        EvexEncoding.Integer(0x72).Write(_code, new VectorRegister(2), target, source);
        _code.Add(bits);
    }

    public void Vpslld(VectorRegister target, VectorRegister source, byte bits)
    {
        EvexEncoding.Integer(0x72).Write(_code, new VectorRegister(6), target, source);
        _code.Add(bits);
    }

    /// <summary>Adds to each 32-bit lane the four products of its unsigned bytes with the signed bytes.</summary>
    public void Vpdpbusd(VectorRegister sum, VectorRegister unsignedBytes, VectorRegister signedBytes) =>
        EvexEncoding.Byte38(0x50).Write(_code, sum, unsignedBytes, signedBytes);

    /// <summary>Integers to floats.</summary>
    public void Vcvtdq2ps(VectorRegister target, VectorRegister source) => EvexEncoding.Float(0x5B).Write(_code, target, default, source);

    /// <summary>All lanes times one float of memory.</summary>
    public void VmulpsBroadcast(VectorRegister target, VectorRegister left, MemoryOperand right) =>
        EvexEncoding.Float(0x59).WithBroadcast().Write(_code, target, left, right);

    /// <summary><c>sum += left * right</c>, rounded once.</summary>
    public void Vfmadd231ps(VectorRegister sum, VectorRegister left, VectorRegister right) =>
        EvexEncoding.Byte38(0xB8).Write(_code, sum, left, right);

    private void Prefetch(int hint, MemoryOperand memory)
    {
        RequireLow(memory.Base);
        _code.AddRange([0x0F, 0x18, (byte)(0x80 | (hint << 3) | (int)memory.Base)]);
        Add32(memory.Displacement);
    }

    private ForwardJump Forward(params ReadOnlySpan<byte> operation)
    {
        _code.AddRange(operation);
        var jump = new ForwardJump(_code.Count);
        Add32(0);
        return jump;
    }

    private void Wide64(byte operation, GeneralRegister register, GeneralRegister target) => _code.AddRange(
    [
        (byte)(0x40 | Wide | ((int)register >> 3 << 2) | ((int)target >> 3)),
        operation,
        (byte)(0xC0 | (((int)register & 7) << 3) | ((int)target & 7)),
    ]);

    private void Add32(int value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(int)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
        _code.AddRange(bytes);
    }

    private static void RequireLow(GeneralRegister register) => ArgumentOutOfRangeException.ThrowIfGreaterThan((int)register, 7, nameof(register));
}
