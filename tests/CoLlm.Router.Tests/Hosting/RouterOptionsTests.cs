using CoLlm.Inference.Cpu;
using CoLlm.Router.Admission;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Configuration;
using CoLlm.ServiceDefaults.Tls;
using CoLlm.Testing;
using CoLlm.Testing.Certificates;

namespace CoLlm.Router.Tests.Hosting;

/// <summary>A configuration is used whole or refused with everything that is wrong with it.</summary>
public sealed class RouterOptionsTests
{
    [Fact]
    public void Load_SmallestFile_FillsInTheDefaults()
    {
        RouterOptions options = Load("""{ "Base": { "Directory": "/models/base" } }""");
        Assert.Equal("http://127.0.0.1:5100", options.Listen);
        Assert.Equal((256, 64, 20d), (options.Requests.DefaultMaxNewTokens, options.Admission.MaxConcurrentRequests, options.Drain.Timeout.TotalSeconds));
        Assert.Empty(options.Experts);
        Assert.True(options.HttpPlayground);
    }

    [Fact]
    public void Load_EveryKindOfMistake_IsReported()
    {
        ServiceConfigurationException shape = Assert.Throws<ServiceConfigurationException>(
            () => Load("""{ "Base": { "Directory": "x", "Thread": 2 }, "Admission": { "MaxQueueTime": "soon" }, "HttpPlayground": "perhaps" }"""));
        Assert.Equal(3, shape.Errors.Count);

        ServiceConfigurationException range = Assert.Throws<ServiceConfigurationException>(
            () => Load("""{ "Experts": [ { "Name": "" } ], "Requests": { "DefaultMaxNewTokens": 0 } }"""));
        Assert.Contains(range.Errors, error => error.StartsWith("Base", StringComparison.Ordinal));
        Assert.Contains(range.Errors, error => error.StartsWith("Experts[0].Name", StringComparison.Ordinal));
        Assert.Contains(range.Errors, error => error.StartsWith("Experts[0].Addresses", StringComparison.Ordinal));
        Assert.Contains(range.Errors, error => error.StartsWith("Requests.DefaultMaxNewTokens", StringComparison.Ordinal));
    }

    /// <summary>Its files are looked at when the cases are run, so they last as long as the tests.</summary>
    private static readonly TestAuthority Authority = MakeAuthority();

    public static TheoryData<string, RouterOptions> Contradictions
    {
        get
        {
            RouterOptions good = RouterUnderTest.Options("http://127.0.0.1:1");
            ExpertOptions expert = good.Experts[0];
            ExpertOptions secure = expert with { Addresses = ["https://a:1", "dns:///b:1"] };
            TestAuthority authority = Authority;
            return new()
            {
                { "Listen: \"nowhere\" is no address", good with { Listen = "nowhere" } },
                { "HealthListen: \"ftp://x\" is no address", good with { HealthListen = "ftp://x" } },
                { "Listen is https://*:1, which needs a certificate", good with { Listen = "https://*:1" } },
                { "Tls is set, but no address begins with https://", good with { Tls = Shown(authority) } },
                { "Tls.ClientCaPath: /nowhere cannot be read", good with { Listen = "https://*:1", Tls = Shown(authority) with { ClientCaPath = "/nowhere" } } },
                { "Experts[0].Tls.CaPath: /nowhere cannot be read", good with { Experts = [secure with { Tls = new() { CaPath = "/nowhere" } }] } },
                { "Experts[0].Tls.ServerName is \"a b\"", good with { Experts = [secure with { Tls = new() { ServerName = "a b" } }] } },
                { "Experts[0].Tls.Certificate.KeyPath: it is not set", good with { Experts = [secure with { Tls = new() { Certificate = new() { Path = authority.CertificatePath("router") } } }] } },
                { "Experts[0].Addresses[1] is http://b:1, in cleartext", good with { Experts = [secure with { Addresses = ["https://a:1", "http://b:1"], Tls = new() { ServerName = "a" } }] } },
                { "HttpListen: \"here\" is no address", good with { HttpListen = "here" } },
                { "HttpApiKeysPath is set, but HttpListen is not", good with { HttpApiKeysPath = authority.CaPath + ".keys" } },
                { "HttpApiKeysPath: /nowhere cannot be read", good with { HttpListen = "http://*:1", HttpApiKeysPath = "/nowhere" } },
                { "line 1 is no key of at most 512 printable characters", good with { HttpListen = "http://*:1", HttpApiKeysPath = authority.CaPath } },
                { "Base: Device is cuda:0 and WeightFormat Int8", good with { Base = good.Base! with { Device = "cuda:0", WeightFormat = WeightFormat.Int8 } } },
                { "Experts[0].Addresses[0] is \"host:1\"", good with { Experts = [expert with { Addresses = ["host:1"] }] } },
                { "Experts[0].Addresses[0] is \"dns:///expert\"", good with { Experts = [expert with { Addresses = ["dns:///expert"] }] } },
                { "Experts[0].ResolveInterval is 00:00:00", good with { Experts = [expert with { ResolveInterval = TimeSpan.Zero }] } },
                { "an address is given twice", good with { Experts = [expert with { Addresses = ["http://a:1", "http://A:1"] }] } },
                { "the name expert is given 2 times", good with { Experts = [expert, expert] } },
                { "File and ResearchConvention exclude", good with { SwapHead = new SwapHeadOptions { File = "x", ResearchConvention = true } } },
                { "ResearchConvention knows one expert", good with { SwapHead = new SwapHeadOptions { ResearchConvention = true }, Experts = [expert, expert with { Name = "b" }] } },
                { "Threshold and TargetRate exclude", good with { Requests = new RequestOptions { Threshold = 0.5f, TargetRate = 0.5f } } },
                { "DefaultMaxNewTokens is 256, above MaxNewTokens", good with { Requests = new RequestOptions { MaxNewTokens = 10 } } },
                { "ExpertWait is 00:10:00, above MaxExpertWait", good with { Requests = new RequestOptions { ExpertWait = TimeSpan.FromMinutes(10) } } },
                { "Experts[0].AskTimeout is 00:00:00", good with { Experts = [expert with { AskTimeout = TimeSpan.Zero }] } },
                { "Experts[0].MaxBackoff is 2.00:00:00", good with { Experts = [expert with { MaxBackoff = TimeSpan.FromDays(2) }] } },
                { "Requests.MaxExpertWait is 2.00:00:00", good with { Requests = new RequestOptions { MaxExpertWait = TimeSpan.FromDays(2) } } },
                { "Admission.MaxUnreadTime is 00:00:00", good with { Admission = new AdmissionOptions { MaxUnreadTime = TimeSpan.Zero } } },
                { "below InitialBackoff", good with { Experts = [expert with { MaxBackoff = TimeSpan.FromMilliseconds(1) }] } },
            };
        }
    }

    [Theory]
    [MemberData(nameof(Contradictions))]
    public void Build_ValuesThatContradictEachOther_AreNamed(string sentence, RouterOptions options)
    {
        ServiceConfigurationException exception = Assert.Throws<ServiceConfigurationException>(() => RouterHost.Build(options));
        Assert.Contains(sentence, Assert.Single(exception.Errors), StringComparison.Ordinal);
    }

    [Fact]
    public void Load_TlsInFileAndEnvironmentNames_IsBound()
    {
        const string variable = ServiceConfiguration.EnvironmentPrefix + "Experts__0__Tls__CaPath";
        Environment.SetEnvironmentVariable(variable, Authority.CaPath);
        try
        {
            RouterOptions options = Load($$"""
                {
                  "Listen": "https://*:5100", "Base": { "Directory": "/models/base" },
                  "Tls": { "Certificate": { "Path": "{{Authority.CertificatePath("router")}}", "KeyPath": "{{Authority.KeyPath("router")}}" },
                           "ClientCertificateMode": "AllowCertificate", "ClientCaPath": "{{Authority.CaPath}}" },
                  "Experts": [ { "Name": "e", "Addresses": [ "dns:///expert:5200" ], "Tls": { "CaPath": "/nowhere" } } ]
                }
                """);
            Assert.Equal(ClientCertificateMode.AllowCertificate, options.Tls!.ClientCertificateMode);
            Assert.Equal(Authority.CaPath, options.Experts[0].Tls!.CaPath);
        }
        finally
        {
            Environment.SetEnvironmentVariable(variable, null);
        }
    }

    private static TlsListenOptions Shown(TestAuthority authority) =>
        new() { Certificate = new() { Path = authority.CertificatePath("router"), KeyPath = authority.KeyPath("router") } };

    private static TestAuthority MakeAuthority()
    {
        TestAuthority authority = new();
        authority.Issue("router", ["localhost"]);
        File.WriteAllText(authority.CaPath + ".keys", "key\n");
        AppDomain.CurrentDomain.ProcessExit += (_, _) => authority.Dispose();
        return authority;
    }

    private static RouterOptions Load(string json)
    {
        using var folder = new TemporaryDirectory();
        return ServiceConfiguration.Load<RouterOptions>(folder.Write("router.json", json), options => options.FindProblems());
    }
}
