using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tests.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.ChatTemplates;

/// <summary>
/// <c>builtins.json</c> goes through the filters, tests, functions, methods, operators and statements that Jinja2 3.1.6 offers to
/// chat templates (in the environment that <c>tests/golden/README.md</c> describes), with what it makes of each; <c>filters.json</c>
/// goes into wrapping, HTML, links, pretty printing, sizes of files, text that counts as HTML, and what macros take.
/// </summary>
public sealed class BuiltinReferenceTests
{
    private static readonly JsonElement Builtins = Read("builtins.json");
    private static readonly JsonElement Details = Read("filters.json");

    public static TheoryData<string> BuiltinTemplates => Templates(Builtins);

    public static TheoryData<string> DetailTemplates => Templates(Details);

    [Theory]
    [MemberData(nameof(BuiltinTemplates))]
    public void Render_BuiltinsOfJinja_GivesTheReferenceTextOrAnError(string template) => AssertAgrees(Builtins, template);

    [Theory]
    [MemberData(nameof(DetailTemplates))]
    public void Render_DetailsOfFiltersAndMacros_GivesTheReferenceTextOrAnError(string template) => AssertAgrees(Details, template);

    private static void AssertAgrees(JsonElement reference, string template)
    {
        JsonElement entry = reference.GetProperty("cases").EnumerateArray().First(candidate => candidate.Text("template") == template);

        if (entry.TryGetProperty("rendered", out JsonElement rendered))
            Assert.Equal(rendered.GetString(), ChatTemplate.Parse("builtins", template).Render(reference.GetProperty("variables")));
        else
            Assert.Throws<ChatTemplateException>(() => ChatTemplate.Parse("builtins", template).Render(reference.GetProperty("variables")));
    }

    private static TheoryData<string> Templates(JsonElement reference) =>
        [.. reference.GetProperty("cases").EnumerateArray().Select(entry => entry.Text("template"))];

    private static JsonElement Read(string name)
    {
        string path = Path.Combine(RepositoryPaths.Root, "tests", "CoLlm.Inference.Tests", "ChatTemplates", name);
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        return document.RootElement.Clone();
    }
}
