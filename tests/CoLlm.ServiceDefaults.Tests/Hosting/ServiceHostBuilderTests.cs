using CoLlm.ServiceDefaults.Hosting;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Configuration.Json;
using Microsoft.Extensions.FileProviders;

namespace CoLlm.ServiceDefaults.Tests.Hosting;

/// <summary>A service does the same wherever it is started.</summary>
public sealed class ServiceHostBuilderTests
{
    [Fact]
    public void Create_AnyFolder_ReadsAndWatchesNothingThere()
    {
        WebApplicationBuilder builder = ServiceHostBuilder.Create();

        Assert.Equal(AppContext.BaseDirectory, builder.Environment.ContentRootPath);
        JsonConfigurationSource[] files = [.. ((IConfigurationBuilder)builder.Configuration).Sources.OfType<JsonConfigurationSource>()];
        Assert.NotEmpty(files);
        Assert.All(files, source =>
        {
            Assert.False(source.ReloadOnChange);
            var provider = Assert.IsType<PhysicalFileProvider>(source.FileProvider ?? builder.Environment.ContentRootFileProvider);
            Assert.Equal(AppContext.BaseDirectory, provider.Root);
        });
    }
}
