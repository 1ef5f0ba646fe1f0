using System.Text.Json.Nodes;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

public sealed class TokenizerCommandTests
{
    private static readonly string Llama3 = RepositoryPaths.Golden("tokenizers", "llama3-bpe");
    private static readonly string Llama2 = RepositoryPaths.Golden("tokenizers", "llama2-spm");

    [Fact]
    public async Task Tokenize_GoldenStrings_AnswersGoldenIdsLineByLine()
    {
        JsonArray strings = Golden("tokenizers", "strings.json");
        JsonArray expected = Golden("tokenizers", "llama3-bpe", "encodings.json");
        string input = string.Join('\n', strings.Select(entry =>
            new JsonObject { ["text"] = entry!["text"]!.GetValue<string>(), ["add_special"] = false }.ToJsonString()));

        (int exitCode, string[] lines, string error) = await CollmInvocation.RunAsync(input, "tokenize", "--model", Llama3);

        Assert.Equal((0, string.Empty), (exitCode, error));
        Assert.Equal(expected.Select(entry => $"{{\"ids\":{entry!["ids"]!.ToJsonString()}}}"), lines);
    }

    [Fact]
    public async Task Tokenize_AddSpecial_IsTheDefault()
    {
        (_, string[] lines, _) = await CollmInvocation.RunAsync("{\"text\":\"hello\"}\n{\"text\":\"hello\",\"add_special\":false}\n", "tokenize", "--model", Llama3);

        Assert.StartsWith("{\"ids\":[592,", lines[0], StringComparison.Ordinal);
        Assert.Equal(lines[0].Replace("592,", string.Empty, StringComparison.Ordinal), lines[1]);
    }

    [Fact]
    public async Task Detokenize_GoldenIdLists_AnswersGoldenTexts()
    {
        JsonArray cases = Golden("tokenizers", "llama2-spm", "decodings.json");
        string input = string.Join('\n', cases.Select(entry =>
            new JsonObject { ["ids"] = entry!["ids"]!.DeepClone(), ["skip_special"] = true }.ToJsonString()));

        (int exitCode, string[] lines, _) = await CollmInvocation.RunAsync(input, "detokenize", "--stream", "--model", Llama2);

        Assert.Equal(0, exitCode);
        foreach ((JsonNode? entry, string line) in cases.Zip(lines))
        {
            JsonNode answer = JsonNode.Parse(line)!;
            string text = answer["text"]!.GetValue<string>();
            Assert.Equal((entry!["text_skip_special"] ?? entry["text"])!.GetValue<string>(), text);
            Assert.Equal(entry["ids"]!.AsArray().Count, answer["pieces"]!.AsArray().Count);
            Assert.Equal(text, string.Concat(answer["pieces"]!.AsArray().Select(piece => piece!.GetValue<string>())));
        }
    }

    [Theory]
    [InlineData("{\"text\":\"\\ud800\"}", "surrogate")]
    [InlineData("{\"text\":5}", "Field \\\"text\\\" must be a string, not a number.")]
    [InlineData("{\"txt\":\"a\"}", "Field \\\"text\\\" is missing.")]
    [InlineData("{\"text\":\"a\",\"add_special\":\"yes\"}", "must be true or false")]
    [InlineData("[\"a\"]", "The line is not a JSON object.")]
    [InlineData("{\"text\":\"a\"", "not valid JSON")]
    [InlineData("", "not valid JSON")]
    public async Task Tokenize_FailingLine_IsAnsweredAndTheRunGoesOn(string line, string expected)
    {
        (int exitCode, string[] lines, _) = await CollmInvocation.RunAsync(line + "\n{\"text\":\"\"}\n", "tokenize", "--model", Llama2);

        Assert.Equal(0, exitCode);
        Assert.StartsWith("{\"error\":\"", lines[0], StringComparison.Ordinal);
        Assert.Contains(expected, lines[0], StringComparison.Ordinal);
        Assert.Equal("{\"ids\":[1]}", lines[1]);
        Assert.Equal(2, lines.Length);
    }

    [Fact]
    public async Task Tokenize_BytesThatAreNotUtf8_AreAnErrorOfThatLine()
    {
        byte[] input = [.. "{\"text\":\"a"u8, 0xFF, .. "\"}\n{\"text\":\"\"}"u8];

        (_, string[] lines, _) = await CollmInvocation.RunAsync(input, "tokenize", "--model", Llama2);

        Assert.StartsWith("{\"error\":", lines[0], StringComparison.Ordinal);
        Assert.Equal("{\"ids\":[1]}", lines[1]);
    }

    [Theory]
    [InlineData("{\"ids\":[600]}", "Token id 600 is not in the vocabulary")]
    [InlineData("{\"ids\":[-1]}", "Token id -1 is not in the vocabulary")]
    [InlineData("{\"ids\":[1.5]}", "Entry 0")]
    [InlineData("{\"ids\":[1,4294967296]}", "Entry 1")]
    [InlineData("{\"ids\":{}}", "must be an array")]
    public async Task Detokenize_UnusableIds_AreAnErrorOfThatLine(string line, string expected)
    {
        (_, string[] lines, _) = await CollmInvocation.RunAsync(line, "detokenize", "--model", Llama2);

        Assert.Contains(expected, Assert.Single(lines), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Tokenize_InputFile_IsReadInsteadOfStandardInput()
    {
        string file = Path.GetTempFileName();
        try
        {
            await File.WriteAllTextAsync(file, "\uFEFF{\"text\":\"\"}\r\n{\"text\":\"\",\"add_special\":false}");

            (_, string[] lines, _) = await CollmInvocation.RunAsync("ignored", "tokenize", "--model", Llama2, "--input", file);

            Assert.Equal(["{\"ids\":[1]}", "{\"ids\":[]}"], lines);
        }
        finally
        {
            File.Delete(file);
        }
    }

    [Fact]
    public async Task Tokenize_ModelThatIsNotThere_ExitsWithTwoAndOneSentence()
    {
        (int exitCode, string[] lines, string error) = await CollmInvocation.RunAsync("{\"text\":\"a\"}", "tokenize", "--model", "/no/such/model");

        Assert.Equal(2, exitCode);
        Assert.Empty(lines);
        Assert.Equal("collm tokenize: /no/such/model: there is no such directory." + Environment.NewLine, error);
    }

    private static JsonArray Golden(params string[] path) => JsonNode.Parse(File.ReadAllText(RepositoryPaths.Golden(path)))!.AsArray();
}
