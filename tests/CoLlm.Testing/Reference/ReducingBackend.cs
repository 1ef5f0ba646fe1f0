using CoLlm.Inference.Backends;
using CoLlm.Inference.Models;
using CoLlm.Inference.Sampling;

namespace CoLlm.Testing.Reference;

/// <summary>
/// Makes of a backend one that reduces, by the definition. Logits that were reduced are NaN afterwards, so reading them shows.
/// </summary>
public sealed class ReducingBackend(IInferenceBackend inner) : IInferenceBackend
{
    public string Name => inner.Name;

    public BackendCapabilities Capabilities => inner.Capabilities | BackendCapabilities.ReducesOutputs;

    public ModelConfig Config => inner.Config;

    /// <summary>Rows whose logits came back, and rows that were reduced.</summary>
    public (int Whole, int Reduced) Rows { get; private set; }

    public long KvBlockBytes(int blockSizeTokens) => inner.KvBlockBytes(blockSizeTokens);

    public void AllocateKvCache(int blockCount, int blockSizeTokens, int maxRowsPerStep, int maxOutputsPerStep) =>
        inner.AllocateKvCache(blockCount, blockSizeTokens, maxRowsPerStep, maxOutputsPerStep);

    public void CopyBlock(int fromBlock, int toBlock) => inner.CopyBlock(fromBlock, toBlock);

    public void EnterLoop() => inner.EnterLoop();

    public void Run(StepPlan plan, StepOutput output)
    {
        inner.Run(plan, output);
        output.EnsureEntries(plan);
        foreach (PlanSequence sequence in plan.Sequences)
        {
            bool isReduced = sequence.Reduction.Form != OutputForm.Logits;
            Rows = (Rows.Whole + (isReduced ? 0 : sequence.OutputCount), Rows.Reduced + (isReduced ? sequence.OutputCount : 0));
            for (int i = 0; isReduced && i < sequence.OutputCount; i++)
                Reduce(plan, sequence, i, output);
        }
    }

    public void Dispose() => inner.Dispose();

    private static void Reduce(StepPlan plan, in PlanSequence sequence, int index, StepOutput output)
    {
        int row = sequence.FirstOutput + index;
        int position = sequence.StartPosition + plan.OutputRows[row] - sequence.FirstRow;
        Span<float> logits = output.Logits(row);
        ReferenceReduction.Entries(logits, sequence.Reduction, sequence.Tokens.Span[..(position + 1)], index).CopyTo(output.Entries(row));
        logits.Fill(float.NaN);
    }
}
