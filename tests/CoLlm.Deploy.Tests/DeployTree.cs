using CoLlm.Testing;
using YamlDotNet.RepresentationModel;

namespace CoLlm.Deploy.Tests;

/// <summary>The files under <c>deploy/</c>, as text and as YAML.</summary>
internal static class DeployTree
{
    public static string Root { get; } = Path.Combine(RepositoryPaths.Root, "deploy");

    /// <param name="path">Below <c>deploy/</c>, with forward slashes.</param>
    public static string Full(string path) => Path.Combine(Root, path);

    public static string Read(string path) => File.ReadAllText(Full(path));

    /// <summary>Files below a folder of <c>deploy/</c> whose names match, in ordinal order; paths are relative to <c>deploy/</c>.</summary>
    public static string[] Find(string folder, string pattern) =>
        [.. Directory.EnumerateFiles(Full(folder), pattern, SearchOption.AllDirectories)
            .Select(file => Path.GetRelativePath(Root, file).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    /// <summary>Every document of a YAML text.</summary>
    public static YamlMappingNode[] Documents(string yaml)
    {
        YamlStream stream = [];
        stream.Load(new StringReader(yaml));
        return [.. stream.Documents.Select(document => document.RootNode).OfType<YamlMappingNode>()];
    }
}
