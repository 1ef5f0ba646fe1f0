using CoLlm.Cli.Serving;
using CoLlm.Testing;

namespace CoLlm.Cli.Tests.Serving;

/// <summary>A child that does not do what it should; a shell plays it.</summary>
public sealed class ServiceProcessTests : IDisposable
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(200);
    private static readonly TimeSpan Long = TimeSpan.FromSeconds(60);

    private readonly TemporaryDirectory _folder = new();
    private readonly HttpClient _http = new();

    public void Dispose()
    {
        _folder.Dispose();
        _http.Dispose();
    }

    [Fact]
    public async Task Ready_EndsAtOnce_SaysWhatItSaidLast()
    {
        await using ServiceProcess service = Start("echo one; echo two >&2; exit 3");
        ServiceProcessException failed = await Assert.ThrowsAsync<ServiceProcessException>(() => service.ReadyAsync(_http, Long, CancellationToken.None));
        Assert.StartsWith("The expert x could not start: it ended with exit code 3. Its last lines:\n", failed.Message, StringComparison.Ordinal);
        Assert.Contains("    one", failed.Message, StringComparison.Ordinal);
        Assert.Contains("    two", failed.Message, StringComparison.Ordinal);
        Assert.EndsWith($"Its log is {_folder.File("x.log")}.", failed.Message, StringComparison.Ordinal);
        Assert.Contains("one", await File.ReadAllTextAsync(_folder.File("x.log")), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_NeverReady_GivesUpAtTheLimit()
    {
        await using ServiceProcess service = Start("echo loading; exec cat");
        ServiceProcessException failed = await Assert.ThrowsAsync<ServiceProcessException>(() => service.ReadyAsync(_http, Short, CancellationToken.None));
        Assert.StartsWith("The expert x was not ready within 0.2 s. It has not said where it listens.", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_ProbeWithoutAnswer_SaysWhere()
    {
        await using ServiceProcess service = Start("echo 'Listening on http://127.0.0.1:1'; echo 'Health on http://127.0.0.1:1'; exec cat");
        await service.Announced;
        ServiceProcessException failed = await Assert.ThrowsAsync<ServiceProcessException>(() => service.ReadyAsync(_http, Short, CancellationToken.None));
        Assert.Contains("http://127.0.0.1:1/readyz does not answer", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Ready_ManyLines_ShowsTheLastOnesOnly()
    {
        await using ServiceProcess service = Start("for i in $(seq 1 100); do echo line $i.; done; exit 1");
        ServiceProcessException failed = await Assert.ThrowsAsync<ServiceProcessException>(() => service.ReadyAsync(_http, Long, CancellationToken.None));
        Assert.Contains("line 100.", failed.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("line 80.", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Dispose_RunningService_EndsItByClosingItsInput()
    {
        ServiceProcess service = Start("cat; echo ended in good order");
        await service.DisposeAsync();
        Assert.True(service.Exited.IsCompletedSuccessfully);
        Assert.Equal("ended in good order\n", await File.ReadAllTextAsync(_folder.File("x.log")));
    }

    [Fact]
    public async Task Ending_KilledBySignal_NamesIt()
    {
        await using ServiceProcess service = Start("kill -KILL $$");
        await service.Exited;
        Assert.StartsWith("it was killed by signal 9. It printed nothing.", service.Ending(), StringComparison.Ordinal);
    }

    [Fact]
    public void Start_ExecutableMissing_IsASentence()
    {
        ServiceExecutable missing = new(_folder.File("absent"), []);
        ServiceProcessException failed = Assert.Throws<ServiceProcessException>(() => ServiceProcess.Start(missing, "expert", "the expert x", new { }, _folder.File("x")));
        Assert.StartsWith("The expert x cannot be started: ", failed.Message, StringComparison.Ordinal);
    }

    /// <summary>A shell that runs a script instead of a service; the service's arguments are its own, and go unused.</summary>
    private ServiceProcess Start(string script) =>
        ServiceProcess.Start(new ServiceExecutable("/bin/sh", ["-c", script]), "expert", "the expert x", new { }, _folder.File("x"));
}
