using CoLlm.Decoding.Base;
using CoLlm.Inference.Sampling;

namespace CoLlm.Decoding.Tests.Scripted;

/// <summary>A base session on a scripted model that counts what it is fed and can be told to fail.</summary>
internal sealed class ScriptedBase(ScriptedModel model) : IBaseSession
{
    private readonly List<int> _tokenIds = [];

    public List<int> StepLengths { get; } = [];

    /// <summary>What the step of this index ends with.</summary>
    public Func<int, BaseOutcome> Outcome { get; init; } = _ => BaseOutcome.Computed;

    /// <summary>Changes a hidden state before it is given.</summary>
    public Action<float[]> ChangeHiddenState { get; init; } = _ => { };

    /// <summary>True: every step suspends the caller before it answers.</summary>
    public bool IsAsynchronous { get; init; }

    public async ValueTask<BaseStep> AdvanceAsync(ReadOnlyMemory<int> tokenIds, OutputReduction reduction, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        if (IsAsynchronous)
            await Task.Yield();
        _tokenIds.AddRange(tokenIds.ToArray());
        StepLengths.Add(tokenIds.Length);
        BaseOutcome outcome = Outcome(StepLengths.Count - 1);
        int[] prefix = [.. _tokenIds];
        float[] hidden = model.HiddenState(prefix);
        ChangeHiddenState(hidden);
        return outcome == BaseOutcome.Computed ? new BaseStep(outcome, model.Logits(prefix), hidden) : BaseStep.Failed(outcome);
    }
}
