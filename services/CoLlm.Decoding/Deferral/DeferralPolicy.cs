namespace CoLlm.Decoding.Deferral;

/// <summary>Decides who writes a token: a pure function of the numbers it is given.</summary>
public abstract record DeferralPolicy
{
    /// <summary>False where no input makes it defer: no expert then needs to be opened ahead.</summary>
    public abstract bool MayDefer { get; }

    public abstract DeferralDecision Decide(in DeferralInput input);
}
