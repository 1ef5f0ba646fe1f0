namespace CoLlm.Protocol.Tests;

/// <summary>Which version two peers agree on.</summary>
public sealed class ProtocolVersionTests
{
    [Fact]
    public void Negotiate_NewerPeer_UsesOurNewest() => Assert.Equal(ProtocolVersion.Newest, ProtocolVersion.Negotiate(ProtocolVersion.Newest + 7));

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void Negotiate_PeerWithoutVersion_IsRefused(int peerNewest) => Assert.Null(ProtocolVersion.Negotiate(peerNewest));
}
