namespace CoLlm.Inference.Cpu.Kernels.MachineCode;

/// <summary>General registers by their number in an instruction; those that the x86-64 System V convention lets a function use freely.</summary>
internal enum GeneralRegister
{
    Rax = 0,
    Rcx = 1,
    Rdx = 2,
    Rsi = 6,
    Rdi = 7,
    R8 = 8,
    R9 = 9,
}

/// <summary>One of the 32 registers of 512 bits.</summary>
internal readonly record struct VectorRegister(int Number);

/// <summary>Memory at a register's address plus a displacement in bytes.</summary>
internal readonly record struct MemoryOperand(GeneralRegister Base, int Displacement);

/// <summary>A place in the code that is jumped back to.</summary>
internal readonly record struct CodePlace(int Offset);

/// <summary>A jump whose target comes later.</summary>
internal readonly record struct ForwardJump(int DisplacementOffset);
