using Grpc.Core;

namespace CoLlm.Grpc.Tests.Core;

/// <summary>Metadata as callers build and read it.</summary>
public sealed class MetadataTests
{
    [Theory]
    [InlineData("")]
    [InlineData("a b")]
    [InlineData("a:b")]
    [InlineData("\u00e4")]
    public void Entry_KeyWithOtherCharacters_IsRefused(string key) => Assert.Throws<ArgumentException>(() => new Metadata.Entry(key, "v"));

    [Fact]
    public void Entry_UpperCaseKey_BecomesLowerCase() => Assert.Equal("x-key_1.a", new Metadata.Entry("X-Key_1.A", "v").Key);

    [Fact]
    public void Entry_BinaryKeyWithText_IsRefused() => Assert.Throws<ArgumentException>(() => new Metadata.Entry("x-bin", "v"));

    [Fact]
    public void Entry_TextKeyWithBytes_IsRefused() => Assert.Throws<ArgumentException>(() => new Metadata.Entry("x", new byte[] { 1 }));

    [Fact]
    public void Value_OfBinaryEntry_IsRefused() =>
        Assert.Throws<InvalidOperationException>(() => new Metadata.Entry("x-bin", new byte[] { 1 }).Value);

    [Fact]
    public void ValueBytes_ChangedByCaller_LeaveTheEntryAlone()
    {
        byte[] bytes = [1, 2];
        Metadata.Entry entry = new("x-bin", bytes);
        bytes[0] = 9;
        entry.ValueBytes[1] = 9;
        Assert.Equal([1, 2], entry.ValueBytes);
    }

    [Fact]
    public void Get_KeyTwice_GivesTheLast()
    {
        Metadata metadata = new() { { "k", "1" }, { "other", "x" }, { "K", "2" } };
        Assert.Equal("2", metadata.GetValue("k"));
        Assert.Equal(["1", "2"], metadata.GetAll("k").Select(entry => entry.Value));
        Assert.Null(metadata.Get("none"));
    }

    [Fact]
    public void Empty_Changed_IsRefused() => Assert.Throws<InvalidOperationException>(() => Metadata.Empty.Add("k", "v"));
}
