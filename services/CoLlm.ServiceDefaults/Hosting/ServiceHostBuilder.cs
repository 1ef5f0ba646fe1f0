using Microsoft.AspNetCore.Builder;

namespace CoLlm.ServiceDefaults.Hosting;

/// <summary>Where both services begin.</summary>
public static class ServiceHostBuilder
{
    /// <summary>
    /// A builder that takes nothing from the folder that the process was started in. As a rule it would read an <c>appsettings.json</c> there and
    /// watch the folder with all below it: the whole file system for a service started in <c>/</c>.
    /// </summary>
    public static WebApplicationBuilder Create() => WebApplication.CreateSlimBuilder(new WebApplicationOptions
    {
        ContentRootPath = AppContext.BaseDirectory,
        Args = ["--hostBuilder:reloadConfigOnChange=false"],
    });
}
