using CoLlm.Inference.Backends;
using CoLlm.Inference.Cpu;
using CoLlm.Router.Experts;
using CoLlm.Router.OpenAi;
using CoLlm.ServiceDefaults.Files;
using CoLlm.ServiceDefaults.Tls;

namespace CoLlm.Router.Hosting;

/// <summary>Rules of <see cref="RouterOptions"/> that an attribute on one value cannot state.</summary>
internal static class RouterOptionsRules
{
    public static IEnumerable<string> Check(RouterOptions options) =>
    [
        .. options.Listeners.FindProblems(),
        .. Keys(options),
        .. options.Base is { } model && !DeviceBackends.IsProcessor(model.Device) && model.WeightFormat != WeightFormat.AsStored
            ? [$"Base: Device is {model.Device} and WeightFormat {model.WeightFormat}; quantised weights are for the device cpu."]
            : Array.Empty<string>(),
        .. SwapHead(options),
        .. options.Experts.SelectMany((expert, i) => Expert($"Experts[{i}]", expert)),
        .. options.Experts.GroupBy(expert => expert.Name, StringComparer.Ordinal).Where(group => group.Count() > 1)
            .Select(group => $"Experts: the name {group.Key} is given {group.Count()} times."),
        .. Requests(options.Requests),
        .. Duration("Admission.MaxQueueTime", options.Admission.MaxQueueTime, mayBeZero: true),
        .. Duration("Admission.MaxUnreadTime", options.Admission.MaxUnreadTime, mayBeZero: false),
        .. Duration("Drain.Timeout", options.Drain.Timeout, mayBeZero: true),
    ];

    private static IEnumerable<string> Keys(RouterOptions options)
    {
        if (options.ApiKeys is not { } file)
            yield break;
        if (options.HttpListen.Length == 0)
            yield return "HttpApiKeysPath is set, but HttpListen is not: keys are asked for there alone.";
        if (SettingFileException.Of(() => ApiKeys.Read(file, file.Read())) is { } problem)
            yield return problem;
    }

    private static IEnumerable<string> SwapHead(RouterOptions options)
    {
        if (options.SwapHead is { File: not null, ResearchConvention: true })
            yield return "SwapHead: File and ResearchConvention exclude each other.";
        if (options.SwapHead.ResearchConvention == true && options.Experts.Length > 1)
            yield return $"SwapHead: ResearchConvention knows one expert, and {options.Experts.Length} are given.";
    }

    private static IEnumerable<string> Requests(RequestOptions requests)
    {
        if (requests.DefaultMaxNewTokens > requests.MaxNewTokens)
            yield return $"Requests: DefaultMaxNewTokens is {requests.DefaultMaxNewTokens}, above MaxNewTokens, which is {requests.MaxNewTokens}.";
        if (requests is { Threshold: not null, TargetRate: not null })
            yield return "Requests: Threshold and TargetRate exclude each other.";
        foreach (string problem in Duration("Requests.ExpertWait", requests.ExpertWait, mayBeZero: false))
            yield return problem;
        foreach (string problem in Duration("Requests.MaxExpertWait", requests.MaxExpertWait, mayBeZero: false))
            yield return problem;
        if (requests.ExpertWait > requests.MaxExpertWait)
            yield return $"Requests: ExpertWait is {requests.ExpertWait}, above MaxExpertWait, which is {requests.MaxExpertWait}.";
    }

    private static IEnumerable<string> Expert(string place, ExpertOptions expert) =>
    [
        .. expert.Addresses.SelectMany((address, i) => Address($"{place}.Addresses[{i}]", address)),
        .. expert.Addresses.Distinct(StringComparer.OrdinalIgnoreCase).Count() < expert.Addresses.Length
            ? [$"{place}.Addresses: an address is given twice."]
            : Array.Empty<string>(),
        .. expert.Tls is { } tls ? Secured(place, expert, tls) : [],
        .. Duration($"{place}.ConnectTimeout", expert.ConnectTimeout, mayBeZero: false),
        .. Duration($"{place}.AskTimeout", expert.AskTimeout, mayBeZero: false),
        .. Duration($"{place}.OverloadPatience", expert.OverloadPatience, mayBeZero: true),
        .. Duration($"{place}.InitialBackoff", expert.InitialBackoff, mayBeZero: false),
        .. Duration($"{place}.MaxBackoff", expert.MaxBackoff, mayBeZero: false),
        .. Duration($"{place}.ResolveInterval", expert.ResolveInterval, mayBeZero: false),
        .. Duration($"{place}.DescribeInterval", expert.DescribeInterval, mayBeZero: true),
        .. expert.MaxBackoff < expert.InitialBackoff
            ? [$"{place}: MaxBackoff is {expert.MaxBackoff}, below InitialBackoff, which is {expert.InitialBackoff}."]
            : Array.Empty<string>(),
    ];

    private static IEnumerable<string> Secured(string place, ExpertOptions expert, TlsConnectOptions tls) =>
    [
        .. expert.Addresses.Index().Where(entry => entry.Item.StartsWith("http:", StringComparison.OrdinalIgnoreCase))
            .Select(entry => $"{place}.Addresses[{entry.Index}] is {entry.Item}, in cleartext, but {place}.Tls is set; write https:// or leave Tls out."),
        .. tls.FindProblems($"{place}.Tls"),
    ];

    private static IEnumerable<string> Address(string place, string address)
    {
        bool isUsable = ReplicaAddresses.IsName(address)
            ? ReplicaAddresses.TryParseName(address) is not null
            : Uri.TryCreate(address, UriKind.Absolute, out Uri? uri) && (uri.Scheme == Uri.UriSchemeHttp || uri.Scheme == Uri.UriSchemeHttps);
        if (!isUsable)
            yield return $"{place} is \"{address}\", which is not an address such as http://127.0.0.1:5200 or dns:///expert:5200.";
    }

    private static IEnumerable<string> Duration(string place, TimeSpan value, bool mayBeZero)
    {
        TimeSpan most = TimeSpan.FromDays(1);
        if (value < TimeSpan.Zero || value > most || (value == TimeSpan.Zero && !mayBeZero))
            yield return $"{place} is {value}; it must be {(mayBeZero ? "0" : "above 0")} to {most}.";
    }
}
