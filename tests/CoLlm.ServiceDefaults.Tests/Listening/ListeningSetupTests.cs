using CoLlm.ServiceDefaults.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tests.Listening;

public sealed class ListeningSetupTests
{
    /// <summary>Also where the kernel has no IPv6, for which an address of that family cannot be bound.</summary>
    [Fact]
    public async Task ListenAt_EveryAddress_ServesIPv4()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ListenAt(new Listeners { Grpc = "http://*:0", Health = "http://*:0", MaxStreams = 1 });
        await using WebApplication app = builder.Build();
        app.MapGet("/", () => Results.Text("here"));
        await app.StartAsync(TestContext.Current.CancellationToken);

        Assert.Equal(2, app.Urls.Count);
        using var http = new HttpClient();
        Assert.Equal("here", await http.GetStringAsync(new Uri($"http://127.0.0.1:{new Uri(app.Urls.Last()).Port}/"), TestContext.Current.CancellationToken));
    }
}
