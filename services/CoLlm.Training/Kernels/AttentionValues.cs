namespace CoLlm.Training.Kernels;

/// <summary>What the forward pass of one sequence's attention left behind; pointers are to the sequence's first row.</summary>
internal readonly unsafe struct AttentionValues(float* q, float* k, float* v, float* output, float* logSum)
{
    public readonly float* Q = q;
    public readonly float* K = k;
    public readonly float* V = v;
    public readonly float* Output = output;
    public readonly float* LogSum = logSum;
}

/// <summary>Gradients of one sequence's attention: that of the output is read, the others are written.</summary>
internal readonly unsafe struct AttentionGradients(float* output, float* q, float* k, float* v)
{
    public readonly float* Output = output;
    public readonly float* Q = q;
    public readonly float* K = k;
    public readonly float* V = v;
}
