using CoLlm.ServiceDefaults.Listening;

namespace CoLlm.ServiceDefaults.Tests.Listening;

public sealed class ListenAddressTests
{
    [Theory]
    [InlineData("http://127.0.0.1:5200", "127.0.0.1:5200")]
    [InlineData("http://localhost:0/", "127.0.0.1:0")]
    [InlineData("http://[::1]:80", "[::1]:80")]
    [InlineData("http://*:8080", "[::]:8080")]
    public void TryParse_TcpAddress_GivesTheEndPoint(string text, string endPoint) =>
        Assert.Equal(endPoint, ListenAddress.TryParse(text, out _)?.EndPoint?.ToString());

    [Theory]
    [InlineData("http://127.0.0.1:5200", false)]
    [InlineData("https://127.0.0.1:5200", true)]
    [InlineData("https://*:0", true)]
    [InlineData("unix:/run/expert.sock", false)]
    public void TryParse_Scheme_SaysWhetherTlsIsSpoken(string text, bool isSecure) =>
        Assert.Equal(isSecure, ListenAddress.TryParse(text, out _)?.IsSecure);

    [Fact]
    public void TryParse_UnixSocket_GivesThePath() => Assert.Equal("/run/expert.sock", ListenAddress.TryParse("unix:/run/expert.sock", out _)?.UnixPath);

    [Theory]
    [InlineData("")]
    [InlineData("127.0.0.1:5200")]
    [InlineData("http://127.0.0.1")]
    [InlineData("https://127.0.0.1")]
    [InlineData("http://example.org:80")]
    [InlineData("http://127.0.0.1:70000")]
    [InlineData("unix:relative.sock")]
    public void TryParse_NoAddress_SaysWhatOneLooksLike(string text)
    {
        Assert.Null(ListenAddress.TryParse(text, out string? problem));
        Assert.StartsWith($"\"{text}\" is no address", problem, StringComparison.Ordinal);
    }
}
