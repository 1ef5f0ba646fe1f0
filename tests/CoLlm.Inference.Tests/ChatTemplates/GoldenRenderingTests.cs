using System.Text.Json;
using CoLlm.Inference.ChatTemplates;
using CoLlm.Inference.Tests.Tokenization;
using CoLlm.Testing;

namespace CoLlm.Inference.Tests.ChatTemplates;

public sealed class GoldenRenderingTests
{
    public static TheoryData<string> Templates => ["chatml", "llama2", "llama3", "tulu"];

    [Theory]
    [MemberData(nameof(Templates))]
    public void Render_GoldenCases_GivesGoldenTextsAndErrors(string name)
    {
        ChatTemplate template = ChatTemplate.LoadFile(RepositoryPaths.Golden("chat_templates", $"{name}.jinja"));

        JsonElement[] cases =
            [.. GoldenJson.Read("chat_templates", "renderings.json").EnumerateArray().Where(entry => entry.Text("template") == name)];
        Assert.NotEmpty(cases);
        foreach (JsonElement entry in cases)
        {
            if (entry.TryGetProperty("rendered", out JsonElement rendered))
            {
                Assert.Equal(rendered.GetString(), template.Render(entry));
                continue;
            }

            var exception = Assert.Throws<ChatTemplateException>(() => template.Render(entry));
            Assert.True(exception.IsRaisedByTemplate);
            Assert.Equal(entry.Text("error"), exception.Message);
        }
    }

    [Theory]
    [InlineData("qwen2-tiny", "chatml")]
    [InlineData("qwen3-tiny", "chatml")]
    [InlineData("llama3-tiny", "llama3")]
    [InlineData("pair-base", "llama2")]
    [InlineData("co-llm-tiny", "tulu")]
    public void Load_GoldenModels_FindsTheSameTemplates(string model, string name)
    {
        ChatTemplate template = ChatTemplate.Load(RepositoryPaths.Golden("models", model))!;

        foreach (JsonElement entry in GoldenJson.Read("chat_templates", "renderings.json").EnumerateArray())
        {
            if (entry.Text("template") == name && entry.TryGetProperty("rendered", out JsonElement rendered) && entry.TryGetProperty("bos_token", out _))
                Assert.Equal(rendered.GetString(), template.Render(entry));
        }
    }

    [Fact]
    public void Load_ModelWithoutTemplate_IsNull() => Assert.Null(ChatTemplate.Load(RepositoryPaths.Golden("models", "mistral-tiny")));
}
