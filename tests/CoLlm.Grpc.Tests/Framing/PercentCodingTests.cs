using FsCheck;
using FsCheck.Fluent;
using Grpc.Framing;

namespace CoLlm.Grpc.Tests.Framing;

/// <summary>The coding of status messages.</summary>
public sealed class PercentCodingTests
{
    /// <summary>Texts of any characters that Unicode has; half a surrogate pair is none.</summary>
    private static Arbitrary<string> Texts => Gen.OneOf(Gen.Choose(0, 0xD7FF), Gen.Choose(0xE000, 0x10FFFF), Gen.Choose(0, 0x7F))
        .Select(char.ConvertFromUtf32).ArrayOf().Select(string.Concat).ToArbitrary();

    [Theory]
    [InlineData("", "")]
    [InlineData("plain text, with ~ and !", "plain text, with ~ and !")]
    [InlineData("100%", "100%25")]
    [InlineData("\t\r\n", "%09%0D%0A")]
    [InlineData("\u007f", "%7F")]
    [InlineData("\u263a and \U0001F60A", "%E2%98%BA and %F0%9F%98%8A")]
    public void Encode_Text_EscapesOnlyWhatTheSpecificationSays(string text, string encoded)
    {
        Assert.Equal(encoded, PercentCoding.Encode(text));
        Assert.Equal(text, PercentCoding.Decode(encoded));
    }

    [Theory]
    [InlineData("%", "%")]
    [InlineData("50%zz", "50%zz")]
    [InlineData("%4", "%4")]
    [InlineData("a%41%", "aA%")]
    [InlineData("%e2%98%ba", "\u263a")]
    [InlineData("\u263a%41", "\u263aA")]
    public void Decode_WhatIsNoEscape_IsKept(string encoded, string text) => Assert.Equal(text, PercentCoding.Decode(encoded));

    [Fact]
    public void Decode_OfEncode_IsTheText() => Seeded.Check(Prop.ForAll(
        Texts, text => PercentCoding.Decode(PercentCoding.Encode(text)) == text));

    [Fact]
    public void Encode_AnyText_HasOnlyPrintableAscii() => Seeded.Check(Prop.ForAll(
        Texts, text => PercentCoding.Encode(text).All(character => character is >= ' ' and <= '~')));
}
