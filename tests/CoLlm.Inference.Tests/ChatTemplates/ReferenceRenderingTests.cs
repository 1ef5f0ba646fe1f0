using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tests.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.ChatTemplates;

/// <summary>
/// <c>reference.json</c> holds templates written for these tests, feature by feature and in the styles of published models, with
/// what Jinja2 3.1.6 makes of them in the environment that <c>tests/golden/README.md</c> describes.
/// </summary>
public sealed class ReferenceRenderingTests
{
    private static readonly JsonElement Reference = Read();

    public static TheoryData<string> Names => [.. Reference.GetProperty("cases").EnumerateArray().Select(entry => entry.Text("name"))];

    [Theory]
    [MemberData(nameof(Names))]
    public void Render_ReferenceCase_GivesTheReferenceTextOrError(string name)
    {
        JsonElement entry = Reference.GetProperty("cases").EnumerateArray().Single(candidate => candidate.Text("name") == name);
        ChatTemplate template = ChatTemplate.Parse(name, entry.Text("template"));

        if (entry.TryGetProperty("rendered", out JsonElement rendered))
        {
            Assert.Equal(rendered.GetString(), template.Render(Reference.GetProperty("variables")));
            return;
        }

        var exception = Assert.Throws<ChatTemplateException>(() => template.Render(Reference.GetProperty("variables")));
        Assert.Contains(entry.Text("error"), exception.Message, StringComparison.Ordinal);
        if (!exception.IsRaisedByTemplate)
            Assert.StartsWith($"{name}: line 1: ", exception.Message, StringComparison.Ordinal);
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Inference.Tests", "ChatTemplates", "reference.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
