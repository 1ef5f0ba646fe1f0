namespace CoLlm.Training.Kernels;

/// <summary>One thread's scratch for attention: two blocks of scores and memory for packed operands.</summary>
internal sealed unsafe class AttentionMemory
{
    private FloatBlock? _scores;
    private FloatBlock? _gradients;

    public PackingMemory Packing { get; } = new();

    public float* Scores(int length) => (_scores = FloatBlock.AtLeast(_scores, length)).Data;

    public float* ScoreGradients(int length) => (_gradients = FloatBlock.AtLeast(_gradients, length)).Data;
}
