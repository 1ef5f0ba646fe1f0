using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.RegularExpressions;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;

namespace CoLlm.Router.Tests.Playground;

/// <summary>The playground's files come from the router alone, are what they say they are, and are asked for again only when they have changed.</summary>
public sealed partial class PlaygroundTests(PlaygroundTests.Served served) : IClassFixture<PlaygroundTests.Served>
{
    private const string Page = "/";

    /// <summary>The second for two segments: such paths could be gRPC's, which are for POST.</summary>
    private static readonly string[] Refused = ["HTTP/1.1 404 Not Found", "HTTP/1.1 405 Method Not Allowed"];

    public static TheoryData<string, string> Files => new()
    {
        { Page, "text/html; charset=utf-8" },
        { "/playground/page.css", "text/css; charset=utf-8" },
        { "/playground/answer.css", "text/css; charset=utf-8" },
        { "/playground/app.js", "text/javascript; charset=utf-8" },
        { "/playground/icon.svg", "image/svg+xml" },
    };

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Get_File_ComesWithItsTypeAndMayUseNothingFromElsewhere(string path, string type)
    {
        using HttpResponseMessage response = await served.SendAsync(HttpMethod.Get, path);

        Assert.Equal((HttpStatusCode.OK, type), (response.StatusCode, response.Content.Headers.ContentType!.ToString()));
        Assert.StartsWith("default-src 'self';", Header(response, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Contains("frame-ancestors 'none'", Header(response, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal(("nosniff", "no-referrer", "no-cache"), (Header(response, "X-Content-Type-Options"), Header(response, "Referrer-Policy"), Header(response, "Cache-Control")));
        Assert.NotEmpty(await response.Content.ReadAsByteArrayAsync());
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Get_TagOfWhatTheBrowserHas_IsNotSentAgain(string path, string type)
    {
        using HttpResponseMessage first = await served.SendAsync(HttpMethod.Get, path);
        string tag = first.Headers.ETag!.ToString();
        using HttpResponseMessage same = await served.SendAsync(HttpMethod.Get, path, tag);
        using HttpResponseMessage other = await served.SendAsync(HttpMethod.Get, path, "\"another\"");

        Assert.Equal((HttpStatusCode.NotModified, tag, 0), (same.StatusCode, same.Headers.ETag!.ToString(), (await same.Content.ReadAsByteArrayAsync()).Length));
        Assert.StartsWith("default-src 'self';", Header(same, "Content-Security-Policy"), StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, type), (other.StatusCode, other.Content.Headers.ContentType!.ToString()));
    }

    [Theory]
    [MemberData(nameof(Files))]
    public async Task Head_File_SaysWhatGetWouldBring(string path, string type)
    {
        using HttpResponseMessage get = await served.SendAsync(HttpMethod.Get, path);
        byte[] content = await get.Content.ReadAsByteArrayAsync();
        using HttpResponseMessage head = await served.SendAsync(HttpMethod.Head, path);

        Assert.Equal((HttpStatusCode.OK, type), (head.StatusCode, head.Content.Headers.ContentType!.ToString()));
        Assert.Equal((content.Length, get.Headers.ETag), ((int)head.Content.Headers.ContentLength!, head.Headers.ETag));
        Assert.Empty(await head.Content.ReadAsByteArrayAsync());
    }

    [Fact]
    public async Task Get_EveryFileThatOneNames_IsServedAndNothingIsInline()
    {
        HashSet<string> seen = [];
        Queue<string> open = new([Page]);
        while (open.TryDequeue(out string? path))
        {
            if (!seen.Add(path))
                continue;
            using HttpResponseMessage response = await served.SendAsync(HttpMethod.Get, path);
            Assert.True(response.IsSuccessStatusCode, path);
            string text = await response.Content.ReadAsStringAsync();
            foreach (Match named in NamedFile().Matches(text))
                open.Enqueue("/playground/" + named.Groups["file"].Value);
            Assert.DoesNotMatch(Inline(), text);
        }

        Assert.Contains("/playground/words.js", seen);
    }

    [Theory]
    [InlineData("/playground/")]
    [InlineData("/playground/absent.js")]
    [InlineData("/playground/index.html")]
    [InlineData("/index.html")]
    [InlineData("/playground/../appsettings.json")]
    [InlineData("/playground/%2e%2e/%2e%2e/etc/passwd")]
    [InlineData("/playground/..%2fapp.js")]
    [InlineData("/playground/..\\..\\etc\\passwd")]
    [InlineData("/playground//etc/passwd")]
    [InlineData("//etc/passwd")]
    public async Task Get_PathThatIsNoFileOfThePage_IsRefused(string target) => Assert.Contains(await served.StatusLineAsync(target), Refused);

    [Fact]
    public async Task Post_Page_IsNotAllowed()
    {
        using HttpResponseMessage response = await served.SendAsync(HttpMethod.Post, Page);
        Assert.Equal(HttpStatusCode.MethodNotAllowed, response.StatusCode);
    }

    [Fact]
    public async Task Get_SwitchedOff_IsNotServedButTheApiIs()
    {
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions() with { HttpPlayground = false });
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(http, Page));
        Assert.Equal(HttpStatusCode.MethodNotAllowed, await StatusAsync(http, "/playground/app.js"));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/v1/models"));
    }

    [Fact]
    public async Task Get_KeysAreAskedForAndOtherListeners_OnlyThePageIsFree()
    {
        using TemporaryDirectory folder = new();
        RouterOptions options = RouterUnderTest.HttpOptions() with { HttpApiKeysPath = folder.Write("keys", "key\n"), HealthListen = "http://127.0.0.1:0" };
        await using RouterUnderTest router = await RouterUnderTest.StartAsync(options);
        using HttpClient http = new() { BaseAddress = router.AddressOf(ListenerKind.Http) };
        using HttpClient health = new() { BaseAddress = router.AddressOf(ListenerKind.Health) };

        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, Page));
        Assert.Equal(HttpStatusCode.OK, await StatusAsync(http, "/playground/app.js"));
        Assert.Equal(HttpStatusCode.Unauthorized, await StatusAsync(http, "/v1/models"));
        Assert.Equal(HttpStatusCode.NotFound, await StatusAsync(health, Page));
    }

    private static string Header(HttpResponseMessage response, string name) => Assert.Single(response.Headers.GetValues(name));

    private static async Task<HttpStatusCode> StatusAsync(HttpClient http, string path)
    {
        using HttpResponseMessage response = await http.GetAsync(path, TestContext.Current.CancellationToken);
        return response.StatusCode;
    }

    // Attributes of the page and imports of its modules.
    [GeneratedRegex(@"(?:(?:src|href)=""playground/|from '\./)(?<file>[\w.-]+)[""']")]
    private static partial Regex NamedFile();

    // Scripts, styles and handlers within the page; markup out of texts; anything from another host.
    [GeneratedRegex(@"<style|\sstyle=|<script(?![^>]*\ssrc=)|\son\w+=""|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|url\(|(?:src|href)=""(?:https?:)?//")]
    private static partial Regex Inline();

    /// <summary>A router with the page, for all tests that leave it as it was.</summary>
    public sealed class Served : IAsyncLifetime
    {
        private RouterUnderTest _router = null!;
        private HttpClient _http = null!;

        public async ValueTask InitializeAsync()
        {
            _router = await RouterUnderTest.StartAsync(RouterUnderTest.HttpOptions());
            _http = new HttpClient { BaseAddress = _router.AddressOf(ListenerKind.Http) };
        }

        public async ValueTask DisposeAsync()
        {
            _http.Dispose();
            await _router.DisposeAsync();
        }

        internal async Task<HttpResponseMessage> SendAsync(HttpMethod method, string path, string? tag = null)
        {
            using HttpRequestMessage request = new(method, path);
            if (tag is not null)
                request.Headers.Add("If-None-Match", tag);
            return await _http.SendAsync(request);
        }

        /// <summary>Asks for a path as it stands; a client would tidy it up first.</summary>
        internal async Task<string?> StatusLineAsync(string target)
        {
            using TcpClient connection = new();
            await connection.ConnectAsync(IPAddress.Loopback, _http.BaseAddress!.Port);
            await connection.GetStream().WriteAsync(Encoding.ASCII.GetBytes($"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
            using StreamReader reader = new(connection.GetStream());
            return await reader.ReadLineAsync();
        }
    }
}
