using System.Collections.Concurrent;
using CoLlm.ServiceDefaults.Shutdown;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Logging;

namespace CoLlm.ServiceDefaults.Tests.Telemetry.Variables;

/// <summary>What goes to a collector over HTTP, as it arrives there.</summary>
public sealed class HttpExportTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<(string Path, string? ContentType, string Tenant)> _posts = [];
    private WebApplication _collector = null!;

    public async ValueTask InitializeAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        _collector = builder.Build();
        _collector.MapPost("/{**path}", (HttpRequest request) => _posts.Enqueue((request.Path, request.ContentType, request.Headers["x-tenant"].ToString())));
        await _collector.StartAsync();
    }

    public ValueTask DisposeAsync() => _collector.DisposeAsync();

    [Theory]
    [InlineData("OTEL_EXPORTER_OTLP_ENDPOINT", "/base", "/base/v1/logs")]
    [InlineData("OTEL_EXPORTER_OTLP_LOGS_ENDPOINT", "/every/word/of/it", "/every/word/of/it")]
    public async Task Export_Http_GoesToThePathThatTheVariableMeans(string variable, string path, string expected)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.Configuration.AddInMemoryCollection(
        [
            new(variable, _collector.Urls.Single() + path), new("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"), new("OTEL_EXPORTER_OTLP_HEADERS", "x-tenant=a%20b"),
            new("OTEL_TRACES_EXPORTER", "none"), new("OTEL_METRICS_EXPORTER", "none"),
        ]);
        builder.Services.AddServiceDefaults(builder.Configuration, new ServiceIdentity("test", "1.0"), new DrainOptions { Timeout = TimeSpan.Zero });
        await using (WebApplication app = builder.Build())
        {
            app.MapServiceDefaults();
            await app.StartAsync();
        }

        Assert.NotEmpty(_posts);
        Assert.All(_posts, post => Assert.Equal((expected, "application/x-protobuf", "a b"), post));
    }
}
