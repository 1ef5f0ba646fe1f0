using System.Security.Cryptography;
using CoLlm.ServiceDefaults.Listening;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Net.Http.Headers;

namespace CoLlm.Router.Playground;

/// <summary>One file of the playground page, read from this assembly; browsers ask each time whether the one they have is still the same.</summary>
internal sealed class PlaygroundFile
{
    /// <summary>The page may use nothing but what comes from here, and nobody may frame it.</summary>
    private const string Policy = "default-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; object-src 'none'";

    private readonly byte[] _content;
    private readonly string _contentType;
    private readonly EntityTagHeaderValue _tag;

    /// <param name="name">Its name among this assembly's resources, which ends as files of its kind do.</param>
    /// <exception cref="ArgumentException">There is no such resource, or files of its kind are not known.</exception>
    public PlaygroundFile(string name)
    {
        _contentType = TypeOf(name);
        using Stream resource = typeof(PlaygroundFile).Assembly.GetManifestResourceStream(name)
            ?? throw new ArgumentException($"{name} is no resource of this assembly.", nameof(name));
        _content = new byte[resource.Length];
        resource.ReadExactly(_content);
        _tag = new EntityTagHeaderValue($"\"{Convert.ToHexStringLower(SHA256.HashData(_content).AsSpan(0, 16))}\"");
    }

    /// <summary>Serves it at a path of the listener for applications, whether or not that asks them for keys.</summary>
    public void Map(WebApplication app, string path) =>
        app.MapMethods(path, [HttpMethods.Get, HttpMethods.Head], context => WriteAsync(context)).ServedAt(ListenerKind.Http);

    private Task WriteAsync(HttpContext context)
    {
        IHeaderDictionary headers = context.Response.Headers;
        headers.CacheControl = "no-cache";
        headers.ContentSecurityPolicy = Policy;
        headers.XContentTypeOptions = "nosniff";
        headers["Referrer-Policy"] = "no-referrer";
        return TypedResults.Bytes(_content, _contentType, entityTag: _tag).ExecuteAsync(context);
    }

    private static string TypeOf(string name) => Path.GetExtension(name) switch
    {
        ".html" => "text/html; charset=utf-8",
        ".css" => "text/css; charset=utf-8",
        ".js" => "text/javascript; charset=utf-8",
        ".svg" => "image/svg+xml",
        _ => throw new ArgumentException($"{name} is of a kind that the playground has no files of.", nameof(name)),
    };
}
