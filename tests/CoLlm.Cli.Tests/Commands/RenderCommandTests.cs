using System.Text.Json.Nodes;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

public sealed class RenderCommandTests
{
    [Fact]
    public async Task Render_GoldenCases_AnswersGoldenTextsAndErrors()
    {
        JsonArray all = JsonNode.Parse(await File.ReadAllTextAsync(RepositoryPaths.Golden("chat_templates", "renderings.json")))!.AsArray();
        foreach (IGrouping<string, JsonNode?> group in all.GroupBy(entry => entry!["template"]!.GetValue<string>()))
        {
            string input = string.Join('\n', group.Select(entry => entry!.ToJsonString()));

            (int exitCode, string[] lines, _) = await CollmInvocation.RunAsync(
                input, "render", "--template", RepositoryPaths.Golden("chat_templates", $"{group.Key}.jinja"));

            Assert.Equal(0, exitCode);
            foreach ((JsonNode? entry, string line) in group.Zip(lines))
            {
                string field = entry!["rendered"] is null ? "error" : "text";
                Assert.Equal((entry["rendered"] ?? entry["error"])!.GetValue<string>(), JsonNode.Parse(line)![field]!.GetValue<string>());
            }
        }
    }

    [Fact]
    public async Task Render_Model_SuppliesItsSpecialTokens()
    {
        (_, string[] lines, _) = await CollmInvocation.RunAsync(
            """{"messages":[{"role":"user","content":"a"},{"role":"assistant","content":"b"}]}""",
            "render",
            "--model",
            RepositoryPaths.Golden("models", "co-llm-tiny"));

        Assert.Equal(["{\"text\":\"<|user|>\\na\\n<|assistant|>\\nb</s>\"}"], lines);
    }

    [Theory]
    [InlineData]
    [InlineData("--model", "a", "--template", "b")]
    public async Task Render_NotExactlyOneSource_IsAUsageError(params string[] arguments)
    {
        (int exitCode, string[] lines, _) = await CollmInvocation.RunAsync("{}", ["render", .. arguments]);

        Assert.Equal(1, exitCode);
        Assert.Empty(lines);
    }

    [Fact]
    public async Task Render_ModelWithoutTemplate_ExitsWithTwo()
    {
        (int exitCode, _, string error) = await CollmInvocation.RunAsync("{}", "render", "--model", RepositoryPaths.Golden("models", "mistral-tiny"));

        Assert.Equal(2, exitCode);
        Assert.Contains("chat template", error, StringComparison.Ordinal);
    }
}
