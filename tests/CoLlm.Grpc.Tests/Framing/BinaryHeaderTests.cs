using FsCheck.Fluent;
using Grpc.Core;
using Grpc.Framing;

namespace CoLlm.Grpc.Tests.Framing;

/// <summary>Binary metadata on the wire.</summary>
public sealed class BinaryHeaderTests
{
    [Theory]
    [InlineData("AQ", new byte[] { 1 })]
    [InlineData("AQ==", new byte[] { 1 })]
    [InlineData("AQI", new byte[] { 1, 2 })]
    [InlineData("AQI=", new byte[] { 1, 2 })]
    [InlineData("AQID", new byte[] { 1, 2, 3 })]
    [InlineData("", new byte[0])]
    [InlineData(" AQID ", new byte[] { 1, 2, 3 })]
    public void TryDecode_PaddedOrNot_GivesTheBytes(string text, byte[] expected)
    {
        Assert.True(BinaryHeader.TryDecode(text, out byte[]? bytes));
        Assert.Equal(expected, bytes);
    }

    [Theory]
    [InlineData("A")]
    [InlineData("AQ=")]
    [InlineData("AQI==")]
    [InlineData("A===")]
    [InlineData("!!!!")]
    [InlineData("A Q I D")]
    [InlineData("=")]
    public void TryDecode_NotBase64_Fails(string text) => Assert.False(BinaryHeader.TryDecode(text, out _));

    [Fact]
    public void TryDecode_OfEncode_IsTheBytes() => Seeded.Check(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        bytes => BinaryHeader.TryDecode(BinaryHeader.Encode(bytes), out byte[]? decoded) && decoded.AsSpan().SequenceEqual(bytes)));

    [Fact]
    public void Encode_AnyBytes_HasNoPadding() => Seeded.Check(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(), bytes => !BinaryHeader.Encode(bytes).Contains('=')));

    [Fact]
    public void TryAdd_ValuesJoinedByHttp_AreSplit()
    {
        Metadata metadata = [];
        Assert.True(BinaryHeader.TryAdd(metadata, "X-Bin", "AQ==, Ag,AwQ"));

        Assert.Equal([[1], [2], [3, 4]], metadata.Select(entry => entry.ValueBytes));
        Assert.All(metadata, entry => Assert.Equal("x-bin", entry.Key));
    }

    [Fact]
    public void TryAdd_TextWithComma_IsOneValue()
    {
        Metadata metadata = [];
        Assert.True(BinaryHeader.TryAdd(metadata, "x", "a, b"));
        Assert.Equal("a, b", Assert.Single(metadata).Value);
    }
}
