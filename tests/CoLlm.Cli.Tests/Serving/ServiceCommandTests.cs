using CoLlm.Cli.Tests.Commands;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Serving;

/// <summary><c>collm serve</c> where it cannot start; that it serves is shown end to end.</summary>
public sealed class ServiceCommandTests
{
    [Fact]
    public async Task Serve_AddressOfAnotherMachine_SaysSoInOneSentence()
    {
        using TemporaryDirectory folder = new();
        string config = folder.Write("expert.json", """{ "Listen": "http://203.0.113.1:5200", "Models": [ { "Name": "x", "Directory": "/no/such/model" } ] }""");

        CollmRun run = await CollmRun.OfAsync("", "serve", "expert", "--config", config);

        Assert.Equal(1, run.ExitCode);
        Assert.StartsWith("collm serve expert: It cannot listen where its settings say: ", run.Error, StringComparison.Ordinal);
        Assert.Single(run.Error.Trim().Split('\n'));
    }
}
