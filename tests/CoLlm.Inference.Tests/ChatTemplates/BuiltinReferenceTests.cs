using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tests.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.ChatTemplates;

/// <summary>
/// <c>builtins.json</c> goes through the filters, tests, functions, methods, operators and statements that Jinja2 3.1.6 offers to
/// chat templates (in the environment that <c>tests/golden/README.md</c> describes), with what it makes of each.
/// </summary>
public sealed class BuiltinReferenceTests
{
    private static readonly JsonElement Reference = Read();

    public static TheoryData<string> Templates => [.. Reference.GetProperty("cases").EnumerateArray().Select(entry => entry.Text("template"))];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Render_BuiltinsOfJinja_GivesTheReferenceTextOrAnError(string template)
    {
        JsonElement entry = Reference.GetProperty("cases").EnumerateArray().First(candidate => candidate.Text("template") == template);

        if (entry.TryGetProperty("rendered", out JsonElement rendered))
            Assert.Equal(rendered.GetString(), ChatTemplate.Parse("builtins", template).Render(Reference.GetProperty("variables")));
        else
            Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("builtins", template).Render(Reference.GetProperty("variables")));
    }

    private static JsonElement Read()
    {
        string path = Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Inference.Tests", "ChatTemplates", "builtins.json");
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
