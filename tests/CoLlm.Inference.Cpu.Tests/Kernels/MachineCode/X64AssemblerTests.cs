using CoLlm.Inference.Cpu.Kernels.MachineCode;

namespace CoLlm.Inference.Cpu.Tests.Kernels.MachineCode;

/// <summary>Instructions are the bytes that other assemblers write for them.</summary>
public sealed class X64AssemblerTests
{
    private const GeneralRegister Rax = GeneralRegister.Rax;
    private const GeneralRegister Rcx = GeneralRegister.Rcx;
    private const GeneralRegister Rdx = GeneralRegister.Rdx;
    private const GeneralRegister Rsi = GeneralRegister.Rsi;
    private const GeneralRegister Rdi = GeneralRegister.Rdi;
    private const GeneralRegister R8 = GeneralRegister.R8;
    private const GeneralRegister R9 = GeneralRegister.R9;

    [Fact]
    public void GeneralInstructions_LowAndHighRegisters_AreTheKnownBytes()
    {
        Check("48 89 C8", a => a.Mov(Rax, Rcx));
        Check("49 89 F9", a => a.Mov(R9, Rdi));
        Check("48 8B 44 24 08", a => a.MovFromStack(Rax, 8));
        Check("48 8B 54 24 10", a => a.MovFromStack(Rdx, 16));
        Check("B8 0F 0F 0F 0F", a => a.Mov32(Rax, 0x0F0F0F0F));
        Check("BF 00 00 00 80", a => a.Mov32(Rdi, 0x80000000));
        Check("4C 01 C1", a => a.Add(Rcx, R8));
        Check("49 01 F0", a => a.Add(R8, Rsi));
        Check("48 81 C7 88 10 00 00", a => a.Add(Rdi, 0x1088));
        Check("49 C1 E0 02", a => a.Shl(R8, 2));
        Check("FF CA", a => a.Dec32(Rdx));
        Check("4D 85 C9", a => a.Test(R9));
        Check("48 85 D2", a => a.Test(Rdx));
        Check("0F 18 8F 40 20 00 00", a => a.Prefetcht0(new MemoryOperand(Rdi, 0x2040)));
        Check("0F 18 97 40 20 00 00", a => a.Prefetcht1(new MemoryOperand(Rdi, 0x2040)));
        Check("C5 F8 77", a => a.Vzeroupper());
        Check("C3", a => a.Ret());
    }

    [Fact]
    public void Jumps_BackAndForward_CountFromTheNextInstruction()
    {
        Check("C3 0F 85 F9 FF FF FF", a =>
        {
            CodePlace start = a.Here;
            a.Ret();
            a.JnzTo(start);
        });
        Check("0F 85 01 00 00 00 C3 E9 00 00 00 00", a =>
        {
            ForwardJump first = a.Jnz();
            a.Ret();
            a.Land(first);
            a.Land(a.Jmp());
        });
    }

    [Fact]
    public void VectorInstructions_FromMemory_AreTheKnownBytes()
    {
        Check("62 F1 7C 48 10 1F", a => a.Vmovups(Z(3), new MemoryOperand(Rdi, 0)));
        Check("62 61 7C 48 10 7E 01", a => a.Vmovups(Z(31), new MemoryOperand(Rsi, 64)));
        Check("62 E1 7C 48 10 49 7F", a => a.Vmovups(Z(17), new MemoryOperand(Rcx, 8128)));
        Check("62 E1 7C 48 10 89 00 20 00 00", a => a.Vmovups(Z(17), new MemoryOperand(Rcx, 8192)));
        Check("62 51 7C 48 10 80 04 00 00 00", a => a.Vmovups(Z(8), new MemoryOperand(R8, 4)));
        Check("62 61 7C 48 11 49 FF", a => a.Vmovups(new MemoryOperand(Rcx, -64), Z(25)));
        Check("62 F2 7D 48 58 46 08", a => a.Vpbroadcastd(Z(0), new MemoryOperand(Rsi, 32)));
        Check("62 62 7D 48 58 56 7F", a => a.Vpbroadcastd(Z(26), new MemoryOperand(Rsi, 508)));
        Check("62 62 7D 48 58 96 00 02 00 00", a => a.Vpbroadcastd(Z(26), new MemoryOperand(Rsi, 512)));
        Check("62 F2 7D 48 21 17", a => a.Vpmovsxbd(Z(2), new MemoryOperand(Rdi, 0)));
        Check("62 62 7D 48 21 6F 03", a => a.Vpmovsxbd(Z(29), new MemoryOperand(Rdi, 48)));
        Check("62 F1 0C 50 59 76 05", a => a.VmulpsBroadcast(Z(6), Z(30), new MemoryOperand(Rsi, 20)));
        Check("62 D1 0C 50 59 31", a => a.VmulpsBroadcast(Z(6), Z(30), new MemoryOperand(R9, 0)));
    }

    [Fact]
    public void VectorInstructions_AmongRegisters_AreTheKnownBytes()
    {
        Check("62 62 7D 48 7C D8", a => a.Vpbroadcastd(Z(27), Rax));
        Check("62 D2 7D 48 7C C9", a => a.Vpbroadcastd(Z(1), R9));
        Check("62 F1 45 48 EF FF", a => a.Vpxord(Z(7), Z(7), Z(7)));
        Check("62 01 0D 40 EF FD", a => a.Vpxord(Z(31), Z(30), Z(29)));
        Check("62 F1 6D 40 DB CB", a => a.Vpandd(Z(1), Z(18), Z(3)));
        Check("62 31 6D 48 EB CE", a => a.Vpord(Z(9), Z(2), Z(22)));
        Check("62 F1 1D 40 72 D5 04", a => a.Vpsrld(Z(28), Z(5), 4));
        Check("62 B1 5D 48 72 F4 10", a => a.Vpslld(Z(4), Z(20), 16));
        Check("62 F2 75 48 50 C2", a => a.Vpdpbusd(Z(0), Z(1), Z(2)));
        Check("62 02 05 48 50 C7", a => a.Vpdpbusd(Z(24), Z(15), Z(31)));
        Check("62 31 7C 48 5B E3", a => a.Vcvtdq2ps(Z(12), Z(19)));
        Check("62 E2 3D 48 B8 C2", a => a.Vfmadd231ps(Z(16), Z(8), Z(2)));
    }

    private static VectorRegister Z(int number) => new(number);

    private static void Check(string expected, Action<X64Assembler> write)
    {
        var assembler = new X64Assembler();
        write(assembler);
        Assert.Equal(expected, Convert.ToHexString(assembler.ToArray()).Chunk(2).Aggregate("", (text, pair) => $"{text} {pair[0]}{pair[1]}").TrimStart());
    }
}
