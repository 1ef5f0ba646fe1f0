using CoLlm.Protocol.V1;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>An answer of the router, and what its forward passes took when they were run again by themselves.</summary>
internal sealed record ReplayedAnswer(RouterAnswer Answer, PassTimes Alone)
{
    /// <summary>The client's time over that of the passes by themselves.</summary>
    public double Ratio => Answer.Time / Alone.Sum;

    /// <summary>The client's time over that of the passes of this very answer.</summary>
    public double RatioInPlace => Answer.Time / Answer.Passes.Sum;

    public double BaseWaitMs => (Times.BasePrefillUs + Times.BaseDecodeUs) / 1e3;

    public double ExpertWaitMs => Times.ExpertWaitUs / 1e3;

    /// <summary>What the router did while it waited for neither: drawing, deciding, emitting.</summary>
    public double RouterMs => (Times.TotalUs / 1e3) - BaseWaitMs - ExpertWaitMs;

    /// <summary>What the client's call took beside: the stream's beginning and end.</summary>
    public double CallMs => Answer.Time.TotalMilliseconds - (Times.TotalUs / 1e3);

    private StageTimes Times => Answer.Summary.Times;
}
