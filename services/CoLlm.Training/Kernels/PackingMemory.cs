namespace CoLlm.Training.Kernels;

/// <summary>One thread's memory for packed operands; grows to the largest product it has seen.</summary>
internal sealed unsafe class PackingMemory
{
    private FloatBlock? _rows;
    private FloatBlock? _columns;

    public float* Rows(int length) => (_rows = FloatBlock.AtLeast(_rows, length)).Data;

    public float* Columns(int length) => (_columns = FloatBlock.AtLeast(_columns, length)).Data;
}
