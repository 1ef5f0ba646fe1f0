using System.Net;
using System.Net.Sockets;
using CoLlm.Router.Experts;

namespace CoLlm.Router.Tests.Experts;

/// <summary>What a configured name stands for, and what happens to it when DNS misbehaves.</summary>
public sealed class ReplicaAddressesTests
{
    private readonly ManualTime _time = new();
    private Func<string, Task<IPAddress[]>> _lookUp = _ => throw new SocketException((int)SocketError.TryAgain);

    [Fact]
    public async Task RefreshAsync_NameWithSeveralAddresses_IsOneReplicaForEach()
    {
        ReplicaAddresses addresses = Of("http://fixed:9000", "dns:///expert:9001");
        Assert.Equal(["http://fixed:9000/"], Known(addresses));

        Answer("10.0.0.2", "10.0.0.1");
        await addresses.RefreshAsync(default);
        Assert.Equal(["http://fixed:9000/", "http://10.0.0.2:9001/", "http://10.0.0.1:9001/"], Known(addresses));
        Assert.Null(addresses.Problem);
    }

    [Fact]
    public async Task HostOf_AddressFoundByName_IsThatName()
    {
        ReplicaAddresses addresses = new(["https://fixed:9000", "dns:///expert:9001"], "https", TimeSpan.FromSeconds(2), _time, (host, _) => _lookUp(host));
        Answer("10.0.0.1", "10.0.0.2");
        await addresses.RefreshAsync(default);
        Assert.Equal(["https://fixed:9000/", "https://10.0.0.1:9001/", "https://10.0.0.2:9001/"], Known(addresses));
        Assert.Equal(["fixed", "expert", "expert"], addresses.Known.Select(addresses.HostOf));
    }

    [Fact]
    public async Task RefreshAsync_BothAddressFamilies_CountEveryReplicaOnce()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000");
        Answer("fd00::1", "10.0.0.1", "fd00::2", "10.0.0.2");
        await addresses.RefreshAsync(default);
        Assert.Equal(["http://10.0.0.1:9000/", "http://10.0.0.2:9000/"], Known(addresses));

        Answer("fd00::1");
        await addresses.RefreshAsync(default);
        Assert.Equal(["http://[fd00::1]:9000/"], Known(addresses));
    }

    [Fact]
    public async Task RefreshAsync_LookUpFailsOrBringsNothing_KeepsWhatWasKnownAndSaysWhy()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000");
        Answer("10.0.0.1");
        await addresses.RefreshAsync(default);

        Answer();
        await addresses.RefreshAsync(default);
        Assert.Equal("expert has no address.", addresses.Problem);
        _lookUp = _ => throw new SocketException((int)SocketError.HostNotFound);
        await addresses.RefreshAsync(default);
        Assert.StartsWith("expert cannot be looked up: ", addresses.Problem, StringComparison.Ordinal);
        Assert.Equal(["http://10.0.0.1:9000/"], Known(addresses));
    }

    [Fact]
    public async Task RefreshAsync_LookUpHangs_EndsAtItsTimeout()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000");
        _lookUp = _ => new TaskCompletionSource<IPAddress[]>().Task;
        Task refreshing = addresses.RefreshAsync(default);
        _time.Advance(TimeSpan.FromSeconds(2));
        await refreshing;
        Assert.StartsWith("expert cannot be looked up: ", addresses.Problem, StringComparison.Ordinal);
    }

    [Fact]
    public async Task RefreshAsync_LookUpStillRuns_WaitsForItAndBeginsNoOther()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000");
        TaskCompletionSource<IPAddress[]> answer = new();
        int count = 0;
        _lookUp = _ =>
        {
            count++;
            return answer.Task;
        };
        for (int round = 0; round < 3; round++)
        {
            Task refreshing = addresses.RefreshAsync(default);
            _time.Advance(TimeSpan.FromSeconds(2));
            await refreshing;
        }

        Assert.Equal(1, count);
        answer.SetResult([IPAddress.Parse("10.0.0.1")]);
        await addresses.RefreshAsync(default);
        await addresses.RefreshAsync(default);
        Assert.Equal(["http://10.0.0.1:9000/"], Known(addresses));
        Assert.Equal(3, count);
    }

    [Theory]
    [InlineData("dns:///0.0.0.0:9000")]
    [InlineData("dns:///[::]:9000")]
    public async Task RefreshAsync_NameThatStandsForNoAddress_SaysSo(string address)
    {
        ReplicaAddresses addresses = new([address], "http", TimeSpan.FromSeconds(2), _time, Dns.GetHostAddressesAsync);
        await addresses.RefreshAsync(default);
        Assert.Contains(" cannot be looked up: ", addresses.Problem, StringComparison.Ordinal);
        Assert.Empty(addresses.Known);
    }

    [Fact]
    public async Task Known_MoreAddressesThanTheBound_AreLeftOut()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000");
        Answer([.. Enumerable.Range(0, 300).Select(i => $"10.0.{i / 200}.{i % 200}")]);
        await addresses.RefreshAsync(default);
        Assert.Equal(ReplicaAddresses.MaxReplicas, addresses.Known.Count);
    }

    [Fact]
    public async Task Known_TwoNamesOfTheSameAddress_HoldItOnce()
    {
        ReplicaAddresses addresses = Of("dns:///expert:9000", "dns:///other:9000", "http://10.0.0.1:9000");
        Answer("10.0.0.1");
        await addresses.RefreshAsync(default);
        Assert.Equal(["http://10.0.0.1:9000/"], Known(addresses));
    }

    [Theory]
    [InlineData("dns:///expert-mathematics-headless:9000", "http://expert-mathematics-headless:9000/")]
    [InlineData("DNS:///a.b.svc.cluster.local:80", "http://a.b.svc.cluster.local/")]
    [InlineData("dns:///expert", null)]
    [InlineData("dns:///expert:", null)]
    [InlineData("dns:///expert:0", null)]
    [InlineData("dns:///expert:70000", null)]
    [InlineData("dns:///:9000", null)]
    [InlineData("dns:///expert:9000/path", null)]
    [InlineData("dns:///user@expert:9000", null)]
    [InlineData("dns:///expert:9000#a", null)]
    [InlineData("dns://8.8.8.8/expert:9000", null)]
    [InlineData("http://expert:9000", null)]
    public void TryParseName_Text_IsANameWithItsPortOrNone(string text, string? expected) =>
        Assert.Equal(expected, ReplicaAddresses.TryParseName(text)?.ToString());

    private static IEnumerable<string> Known(ReplicaAddresses addresses) => addresses.Known.Select(address => address.ToString());

    private ReplicaAddresses Of(params string[] addresses) => new(addresses, "http", TimeSpan.FromSeconds(2), _time, (host, _) => _lookUp(host));

    private void Answer(params string[] addresses) => _lookUp = _ => Task.FromResult<IPAddress[]>([.. addresses.Select(IPAddress.Parse)]);
}
