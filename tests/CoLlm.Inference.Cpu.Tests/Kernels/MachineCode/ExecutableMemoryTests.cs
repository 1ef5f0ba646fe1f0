using System.Globalization;
using System.Runtime.InteropServices;
using CoLlm.Inference.Cpu.Kernels.MachineCode;

namespace CoLlm.Inference.Cpu.Tests.Kernels.MachineCode;

/// <summary>Mapped code runs and cannot be written.</summary>
public sealed unsafe class ExecutableMemoryTests
{
    [Fact]
    public void TryCreate_OnLinux_MapsTheCodeReadableAndExecutableOnly()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Code is mapped on Linux alone.");
        byte[] code = [1, 2, 3];
        using ExecutableMemory? memory = ExecutableMemory.TryCreate(code);
        Assert.SkipUnless(memory is not null, "This system does not let a process map code of its own.");
        Assert.Equal(code, new ReadOnlySpan<byte>((void*)memory.Address, code.Length).ToArray());
        Assert.Equal("r-xp", Permissions(memory.Address));
    }

    [Fact]
    public void TryCreate_CodeOfThisProcessor_Runs()
    {
        Assert.SkipUnless(RuntimeInformation.ProcessArchitecture == Architecture.X64, "The code is for x86-64.");
        var assembler = new X64Assembler();
        assembler.Mov(GeneralRegister.Rax, GeneralRegister.Rdi);
        assembler.Add(GeneralRegister.Rax, 41);
        assembler.Ret();
        using ExecutableMemory? memory = ExecutableMemory.TryCreate(assembler.ToArray());
        Assert.SkipUnless(memory is not null, "This system does not let a process map code of its own.");
        Assert.Equal(42, ((delegate* unmanaged<nint, nint>)memory.Address)(1));
    }

    private static string Permissions(nint address)
    {
        foreach (string line in File.ReadLines("/proc/self/maps"))
        {
            string[] parts = line.Split(' ', 3);
            nint[] range = [.. parts[0].Split('-').Select(text => nint.Parse(text, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (range[0] <= address && address < range[1])
                return parts[1];
        }
        return "";
    }
}
