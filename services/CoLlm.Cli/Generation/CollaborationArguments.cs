using System.CommandLine;
using CoLlm.Protocol.V1;

namespace CoLlm.Cli.Generation;

/// <summary>The options of <c>collm generate</c> that say how base and experts share the work.</summary>
internal sealed class CollaborationArguments
{
    private readonly Option<string> _mode = GenerateArguments.Text("--mode", "MODE", "defer, compose, base or expert; the router's default when not given.");
    private readonly Option<float?> _threshold =
        GenerateArguments.Number<float?>("--threshold", "S", "Defer where the deferral probability is above this; 1 never, -1 always.");

    private readonly Option<float?> _targetRate =
        GenerateArguments.Number<float?>("--target-rate", "R", "Share of tokens to defer, by the swap head's calibration.");
    private readonly Option<int> _warmUp = GenerateArguments.Number<int>("--warm-up", "N", "Let the threshold fall from 1 over this many tokens.");
    private readonly Option<int?> _maxDeferrals = GenerateArguments.Number<int?>("--max-deferrals", "N", "Most tokens that experts may write.");
    private readonly Option<float?> _maxRate = GenerateArguments.Number<float?>("--max-deferral-rate", "R", "Largest share of tokens that experts may write.");
    private readonly Option<string[]> _experts = GenerateArguments.Several<string>("--expert", "NAME", "Ask this expert only; may be repeated.");
    private readonly Option<string> _whenUnavailable =
        GenerateArguments.Text("--when-unavailable", "WHAT", "Where no expert answers: fail, wait or base; the router's default when not given.");

    private readonly Option<int> _expertWait = GenerateArguments.Number<int>("--expert-wait-ms", "MS", "Longest wait for one token, with wait.");
    private readonly Option<float?> _margin =
        GenerateArguments.Number<float?>("--contested-margin", "M", "Mark tokens whose deferral probability is this close to a threshold of one half, and closer towards 0 and 1.");

    public CollaborationArguments()
    {
        _mode.AcceptOnlyFromAmong("defer", "compose", "base", "expert");
        _whenUnavailable.AcceptOnlyFromAmong("fail", "wait", "base");
    }

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])
            [_mode, _threshold, _targetRate, _warmUp, _maxDeferrals, _maxRate, _experts, _whenUnavailable, _expertWait, _margin])
            command.Options.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetResult(_threshold) is not null && result.GetResult(_targetRate) is not null)
                result.AddError("--threshold and --target-rate exclude each other.");
        });
    }

    public Collaboration Read(ParseResult result)
    {
        var collaboration = new Collaboration
        {
            Mode = ModeOf(result.GetValue(_mode)),
            WarmUpTokens = result.GetValue(_warmUp),
            Budget = BudgetOf(result.GetValue(_maxDeferrals), result.GetValue(_maxRate)),
            WhenUnavailable = WhenUnavailableOf(result.GetValue(_whenUnavailable)),
            ExpertWaitMs = result.GetValue(_expertWait),
        };
        collaboration.Experts.AddRange(result.GetValue(_experts) ?? []);
        if (result.GetValue(_threshold) is { } threshold)
            collaboration.Threshold = threshold;
        if (result.GetValue(_targetRate) is { } rate)
            collaboration.TargetRate = rate;
        if (result.GetValue(_margin) is { } margin)
            collaboration.ContestedMargin = margin;
        return collaboration;
    }

    private static CollaborationMode ModeOf(string? mode) => mode switch
    {
        "defer" => CollaborationMode.Defer,
        "compose" => CollaborationMode.Compose,
        "base" => CollaborationMode.BaseOnly,
        "expert" => CollaborationMode.ExpertOnly,
        _ => CollaborationMode.Unspecified,
    };

    private static WhenExpertUnavailable WhenUnavailableOf(string? what) => what switch
    {
        "fail" => WhenExpertUnavailable.Fail,
        "wait" => WhenExpertUnavailable.Wait,
        "base" => WhenExpertUnavailable.Base,
        _ => WhenExpertUnavailable.Unspecified,
    };

    private static DeferralBudget? BudgetOf(int? maxDeferrals, float? maxRate)
    {
        if (maxDeferrals is null && maxRate is null)
            return null;
        var budget = new DeferralBudget();
        if (maxDeferrals is { } most)
            budget.MaxDeferrals = most;
        if (maxRate is { } rate)
            budget.MaxRate = rate;
        return budget;
    }
}
