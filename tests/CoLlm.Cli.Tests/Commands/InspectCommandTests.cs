using System.Text.Json;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Commands;

public sealed class InspectCommandTests
{
    [Fact]
    public async Task Inspect_CheckpointWithDeferralRow_NamesIt()
    {
        CollmRun run = await CollmRun.OfAsync("", "inspect", "--json", "--model", RepositoryPaths.Golden("models", "co-llm-tiny"));

        Assert.Equal(0, run.ExitCode);
        JsonElement report = JsonDocument.Parse(run.Output).RootElement;
        Assert.Equal("Llama", report.GetProperty("architecture").GetString());
        Assert.Equal(514, report.GetProperty("vocabulary").GetInt32());
        Assert.Equal(513, report.GetProperty("swap_head_row").GetInt32());
        Assert.Equal("tokenizer_config.json", report.GetProperty("chat_template").GetString());
        Assert.Equal(1000 * 2 * 4 * 2 * 1 * 16, report.GetProperty("kv_bytes_per_thousand_tokens").GetInt32());
        Assert.Equal(2 * report.GetProperty("parameters").GetInt64(), report.GetProperty("weight_bytes").GetInt64());
    }

    [Fact]
    public async Task Inspect_ShardedCheckpoint_WritesATable()
    {
        CollmRun run = await CollmRun.OfAsync("", "inspect", "--model", RepositoryPaths.Golden("models", "llama3-tiny"));

        Assert.Equal(0, run.ExitCode);
        Assert.Contains("context                 1024 tokens, rotary theta 500000, llama3 scaling by 8\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("swap head               none\n", run.Output, StringComparison.Ordinal);
        Assert.Contains("begins / ends with      506 / 507, 510\n", run.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Inspect_BrokenModel_SaysWhatAndWhere()
    {
        using TemporaryDirectory folder = new();
        folder.Write("config.json", "{\"model_type\": \"mixtral\"}");

        CollmRun run = await CollmRun.OfAsync("", "inspect", "--model", folder.Path);

        Assert.Equal(2, run.ExitCode);
        Assert.Contains("'model_type' says 'mixtral', a model that is not supported", run.Error, StringComparison.Ordinal);
    }
}
