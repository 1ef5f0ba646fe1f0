using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Protocol.Tests;

/// <summary>Each failure has one name and one status.</summary>
public sealed class FailureReasonsTests
{
    public static TheoryData<FailureReason> Reasons => [.. Enum.GetValues<FailureReason>().Where(reason => reason != FailureReason.Unspecified)];

    [Theory]
    [MemberData(nameof(Reasons))]
    public void Name_EveryReason_IsLowerCaseAndParsesBack(FailureReason reason)
    {
        Assert.Matches("^[a-z_]+$", reason.Name());
        Assert.Equal(reason, FailureReasons.Parse(reason.Name()));
    }

    [Theory]
    [MemberData(nameof(Reasons))]
    public void StatusCode_EveryReason_IsDecided(FailureReason reason) =>
        Assert.DoesNotContain(reason.StatusCode(), new[] { StatusCode.Unknown, StatusCode.OK });

    [Fact]
    public void Name_ReasonOfANewerPeer_IsUnspecified()
    {
        Assert.Equal("unspecified", ((FailureReason)9999).Name());
        Assert.Equal(FailureReason.Unspecified, FailureReasons.Parse("never_heard_of"));
        Assert.Equal(StatusCode.Unknown, ((FailureReason)9999).StatusCode());
    }

    [Fact]
    public void IsTransient_MistakesOfTheRequest_AreNot()
    {
        Assert.All(
            Enum.GetValues<FailureReason>().Where(reason => reason.StatusCode() is StatusCode.InvalidArgument or StatusCode.FailedPrecondition),
            reason => Assert.False(reason.IsTransient()));
        Assert.True(FailureReason.Overloaded.IsTransient());
    }
}
