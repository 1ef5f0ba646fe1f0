namespace CoLlm.Benchmarks.Collaboration;

/// <summary>What the forward passes of one answer took.</summary>
/// <param name="Base">Those of the base, prefill included.</param>
/// <param name="Expert">Those of the expert, prefill included.</param>
internal readonly record struct PassTimes(TimeSpan Base, TimeSpan Expert)
{
    public TimeSpan Sum => Base + Expert;
}
