using System.Buffers.Binary;

namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>
/// How a 512-bit instruction without masks is written: the four-byte EVEX prefix, the operation, and one register or memory operand
/// besides two registers.
/// </summary>
/// <param name="Operation">The byte after the prefix.</param>
/// <param name="Map">Table of operations: 1 is 0F, 2 is 0F 38.</param>
/// <param name="Kind">Mandatory prefix: 0 none, 1 is 66.</param>
/// <param name="ElementBytes">Bytes that the instruction reads of memory; short displacements count in them.</param>
/// <param name="IsBroadcast">The memory operand is one element for all lanes.</param>
internal readonly record struct EvexEncoding(byte Operation, int Map, int Kind, int ElementBytes, bool IsBroadcast)
{
    private const int RegisterBytes = 64;
    private const int Length512 = 2 << 5;

    public static EvexEncoding Float(byte operation) => new(operation, 1, 0, RegisterBytes, false);

    public static EvexEncoding Integer(byte operation) => new(operation, 1, 1, RegisterBytes, false);

    public static EvexEncoding Byte38(byte operation) => new(operation, 2, 1, RegisterBytes, false);

    public EvexEncoding WithElementBytes(int count) => this with { ElementBytes = count };

    public EvexEncoding WithBroadcast() => this with { ElementBytes = sizeof(float), IsBroadcast = true };

    /// <param name="code">Grows by one instruction, without its immediate.</param>
    /// <param name="register">First operand, or the number that belongs to the operation.</param>
    /// <param name="second">Second operand; default where there is none.</param>
    /// <param name="last">Last operand.</param>
    public void Write(List<byte> code, VectorRegister register, VectorRegister second, VectorRegister last)
    {
        WritePrefix(code, register.Number, second.Number, last.Number >> 3, last.Number >> 4);
        code.Add((byte)(0xC0 | ((register.Number & 7) << 3) | (last.Number & 7)));
    }

    /// <inheritdoc cref="Write(List{byte}, VectorRegister, VectorRegister, VectorRegister)"/>
    public void Write(List<byte> code, VectorRegister register, VectorRegister second, MemoryOperand last)
    {
        WritePrefix(code, register.Number, second.Number, (int)last.Base >> 3, 0);
        int middle = (register.Number & 7) << 3;
        int address = (int)last.Base & 7;
        int steps = last.Displacement / ElementBytes;
        if (last.Displacement == 0)
        {
            code.Add((byte)(middle | address));
        }
        else if (steps * ElementBytes == last.Displacement && steps == (sbyte)steps)
        {
            code.AddRange([(byte)(0x40 | middle | address), (byte)steps]);
        }
        else
        {
            Span<byte> bytes = stackalloc byte[sizeof(int)];
            BinaryPrimitives.WriteInt32LittleEndian(bytes, last.Displacement);
            code.Add((byte)(0x80 | middle | address));
            code.AddRange(bytes);
        }
    }

    /// <summary>Register numbers beyond 7 lie in the prefix, inverted.</summary>
    private void WritePrefix(List<byte> code, int register, int second, int lastBit3, int lastBit4)
    {
        int extended = Map
            | (~(register >> 3) & 1) << 7 | (~lastBit4 & 1) << 6 | (~lastBit3 & 1) << 5 | (~(register >> 4) & 1) << 4;
        int sources = (~second & 15) << 3 | 4 | Kind;
        int width = Length512 | (IsBroadcast ? 16 : 0) | (~(second >> 4) & 1) << 3;
        code.AddRange([0x62, (byte)extended, (byte)sources, (byte)width, Operation]);
    }
}
