using Microsoft.AspNetCore.Builder;

namespace CoLlm.Router.Playground;

/// <summary>
/// Maps the playground: a page that asks over the HTTP API as any application does, and shows who wrote each token and what to double-check.
/// </summary>
internal static class PlaygroundEndpoints
{
    /// <summary>What the project file puts before the names of the page's files.</summary>
    private const string Prefix = "playground/";

    private const string Page = "index.html";

    /// <summary>Each file has a path of its own: what is not one of them is not found, however the path is written.</summary>
    public static void MapPlayground(this WebApplication app)
    {
        foreach (string name in typeof(PlaygroundEndpoints).Assembly.GetManifestResourceNames().Where(name => name.StartsWith(Prefix, StringComparison.Ordinal)))
            new PlaygroundFile(name).Map(app, name == Prefix + Page ? "/" : "/" + name);
    }
}
