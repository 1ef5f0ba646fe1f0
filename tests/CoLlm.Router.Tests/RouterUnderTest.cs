using CoLlm.Inference;
using CoLlm.Inference.Cpu;
using CoLlm.Protocol.V1;
using CoLlm.Router.Admission;
using CoLlm.Router.Base;
using CoLlm.Router.Experts;
using CoLlm.Router.Hosting;
using CoLlm.ServiceDefaults.Listening;
using CoLlm.Testing;
using CoLlm.Testing.Golden;
using Grpc.Core;
using Grpc.Net.Client;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Tests;

/// <summary>A whole router on loopback with the smallest base that has a swap head, and a client for it.</summary>
internal sealed class RouterUnderTest : IAsyncDisposable
{
    private readonly GrpcChannel _channel;

    private RouterUnderTest(WebApplication application)
    {
        Application = application;
        _channel = GrpcChannel.ForAddress(application.Urls.First());
        Client = new Generation.GenerationClient(_channel);
    }

    public WebApplication Application { get; }

    public Generation.GenerationClient Client { get; }

    public GrpcChannel Channel => _channel;

    public Collaborators Model => Application.Services.GetRequiredService<LoadedModel>().Current!;

    public EngineStatistics Statistics => Model.Base.Engine.GetStatistics();

    public static RouterOptions Options(params string[] expertAddresses) => new()
    {
        Listen = "http://127.0.0.1:0",
        Base = new BaseModelOptions
        {
            Directory = RepositoryPaths.Golden("models", "co-llm-tiny"),
            Threads = 1,
            PackedWeights = PackedWeightStorage.Memory,
            KvTokens = 2048,
        },
        Experts = expertAddresses.Length == 0 ? [] : [Expert("expert", expertAddresses)],
    };

    /// <summary>Waits between attempts are short enough for tests that exhaust them; those for a peer are long enough for a busy machine.</summary>
    public static ExpertOptions Expert(string name, params string[] addresses) => new()
    {
        Name = name,
        Model = "expert",
        Addresses = addresses,
        ConnectTimeout = TimeSpan.FromMinutes(2),
        OverloadPatience = TimeSpan.FromMinutes(2),
        InitialBackoff = TimeSpan.FromMilliseconds(10),
        MaxBackoff = TimeSpan.FromMilliseconds(50),
        DescribeInterval = TimeSpan.Zero,
    };

    /// <summary>With a listener for applications that speak HTTP.</summary>
    public static RouterOptions HttpOptions(params string[] expertAddresses) => Options(expertAddresses) with { HttpListen = "http://127.0.0.1:0" };

    /// <summary>Where a listener is bound.</summary>
    public Uri AddressOf(ListenerKind kind) => new(Application.BoundAddresses().Single(bound => bound.Kind == kind).Address);

    /// <summary>Waits until the requests that were cancelled have left their places: everything they held is free before that.</summary>
    public async Task WhenHomeAsync()
    {
        RequestGate gate = Application.Services.GetRequiredService<RequestGate>();
        using CancellationTokenSource patience = new(TimeSpan.FromMinutes(2));
        while (gate.RunningCount > 0 || Statistics.OpenSessions > 0)
        {
            patience.Token.ThrowIfCancellationRequested();
            await Task.Yield();
        }

        Assert.Equal((0, 0), (Statistics.KvBlocksReserved, Statistics.OpenSessions));
        Assert.Equal(0, Model.Experts.Sum(expert => expert.SessionCount));
    }

    public static async Task<RouterUnderTest> StartAsync(RouterOptions options)
    {
        WebApplication application = RouterHost.Build(options, logging => logging.ClearProviders());
        await application.StartAsync();
        await application.Services.GetRequiredService<LoadedModel>().Loading;
        return new RouterUnderTest(application);
    }

    public static GenerateRequest Request(string prompt = "text", float? threshold = null, int maxNewTokens = 32)
    {
        using GoldenModel model = GoldenModel.Open("co-llm-tiny");
        var request = new GenerateRequest
        {
            TokenIds = new TokenIds { Ids = { model.PromptIds(prompt) } },
            MaxNewTokens = maxNewTokens,
            Stop = new StopConditions { IgnoreEndOfSequence = true },
            Collaboration = new Collaboration(),
        };
        if (threshold is { } value)
            request.Collaboration.Threshold = value;
        return request;
    }

    public async Task<Answered> GenerateAsync(GenerateRequest request, CancellationToken cancellationToken = default)
    {
        using AsyncServerStreamingCall<GenerateResponse> call = Client.Generate(request, cancellationToken: cancellationToken);
        var answer = new Answered();
        while (await call.ResponseStream.MoveNext(CancellationToken.None))
            answer.Add(call.ResponseStream.Current);
        return answer;
    }

    public async ValueTask DisposeAsync()
    {
        _channel.Dispose();
        await Application.StopAsync();
        await Application.DisposeAsync();
    }
}

/// <summary>Everything one Generate call brought.</summary>
internal sealed class Answered
{
    public Started? Started { get; private set; }

    public List<TokenEvent> Tokens { get; } = [];

    public Summary? Summary { get; private set; }

    public int[] TokenIds => [.. Tokens.Select(token => token.TokenId)];

    public string Text => string.Concat(Tokens.Select(token => token.Text));

    public void Add(GenerateResponse response)
    {
        switch (response.EventCase)
        {
            case GenerateResponse.EventOneofCase.Started:
                Started = response.Started;
                break;
            case GenerateResponse.EventOneofCase.Token:
                Tokens.Add(response.Token);
                break;
            case GenerateResponse.EventOneofCase.Summary:
                Summary = response.Summary;
                break;
        }
    }
}
