using System.Text.Json;
using System.Text.Json.Serialization;
using CoLlm.Benchmarks.Rounds;
using CoLlm.Inference.Cpu;
using Grpc.Net.Client;

namespace CoLlm.Benchmarks.Collaboration;

/// <summary>Router and expert of one pair of models, a process each, and the channels to them.</summary>
internal sealed class ServicePair : IDisposable
{
    private const float TargetRate = 0.3f;

    private static readonly JsonSerializerOptions NamesOfValues = new() { Converters = { new JsonStringEnumConverter() } };

    private readonly ServiceProcess _expert;
    private readonly ServiceProcess _router;
    private int _number;

    private ServicePair(ServiceProcess expert, ServiceProcess router)
    {
        _expert = expert;
        _router = router;
        Expert = GrpcChannel.ForAddress(expert.Address);
        Router = GrpcChannel.ForAddress(router.Address);
    }

    public GrpcChannel Expert { get; }

    public GrpcChannel Router { get; }

    /// <summary>Above it the expert writes; for all answers after <see cref="FindThresholdAsync"/>.</summary>
    public float Threshold { get; private set; } = 1f;

    public static async Task<ServicePair> StartAsync(GeneratedModels models)
    {
        ServiceProcess expert = await ServiceProcess.StartAsync("expert", Save(models, "expert.json", ExpertSettings(models.Weights, models.KvCacheBytes, (GeneratedModels.ExpertName, models.ExpertDirectory))));
        return new ServicePair(expert, await ServiceProcess.StartAsync("router", Save(models, "router.json", RouterSettings(models, expert.Address))));
    }

    /// <summary>A number that no prompt has had.</summary>
    public int NextNumber() => Interlocked.Increment(ref _number);

    /// <summary>Chooses the cut above which the wanted share of the deferral probabilities lies, along answers of the base alone.</summary>
    public async Task FindThresholdAsync()
    {
        List<double> probabilities = [];
        for (int i = 0; i < 4; i++)
            probabilities.AddRange((await AnswerAsync()).Tokens.Select(token => (double)token.DeferralProbability));
        Threshold = (float)RoundStatistics.Percentile([.. probabilities.Order()], 1 - TargetRate);
    }

    public Task<RouterAnswer> AnswerAsync() => RouterAnswer.AskAsync(Router, NextNumber(), Threshold);

    /// <summary>As <see cref="AnswerAsync"/>, with what the engines spent on it.</summary>
    public async Task<RouterAnswer> MeasuredAnswerAsync()
    {
        EngineWork baseBefore = await BaseWorkAsync();
        EngineWork expertBefore = await ExpertWorkAsync();
        RouterAnswer answer = await AnswerAsync();
        EngineWork ofBase = await BaseWorkAsync() - baseBefore;
        return answer with { Passes = new PassTimes(ofBase.Time, (await ExpertWorkAsync() - expertBefore).Time) };
    }

    public Task<EngineWork> BaseWorkAsync() => _router.WorkAsync();

    public Task<EngineWork> ExpertWorkAsync() => _expert.WorkAsync();

    public void Dispose()
    {
        Expert.Dispose();
        Router.Dispose();
        _router.Dispose();
        _expert.Dispose();
    }

    public static object ExpertSettings(WeightFormat weights, long? kvCacheBytes, params IEnumerable<(string Name, string Directory)> models) => new
    {
        Listen = "http://127.0.0.1:0",
        Models = models.Select(model => new { model.Name, model.Directory, GeneratedModels.Threads, WeightFormat = weights, KvCacheBytes = kvCacheBytes }).ToArray(),
    };

    public static object RouterSettings(GeneratedModels models, string expert) => new
    {
        Listen = "http://127.0.0.1:0",
        Base = new { Directory = models.BaseDirectory, Threads = GeneratedModels.Threads, WeightFormat = models.Weights },
        SwapHead = new { File = models.HeadFile },
        Experts = new[] { new { Name = GeneratedModels.ExpertName, Addresses = new[] { expert } } },
    };

    public static string Save(GeneratedModels models, string name, object settings)
    {
        File.WriteAllText(models.File(name), JsonSerializer.Serialize(settings, NamesOfValues));
        return models.File(name);
    }
}
