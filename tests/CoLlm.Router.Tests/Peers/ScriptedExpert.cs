using System.Collections.Concurrent;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Router.Tests.Peers;

/// <summary>A real server that speaks the expert protocol as a test tells it to, well or badly.</summary>
internal sealed class ScriptedExpert : IAsyncDisposable
{
    private readonly WebApplication _application;

    private ScriptedExpert(WebApplication application) => _application = application;

    /// <summary>What every session does; the second argument counts sessions from zero.</summary>
    public Func<ScriptedSession, int, Task> Script { get; set; } = (session, _) => session.ServeAsync();

    /// <summary>What Describe answers.</summary>
    public DescribeResponse Description { get; } = new()
    {
        MinProtocolVersion = ProtocolVersion.Oldest,
        MaxProtocolVersion = ProtocolVersion.Newest,
        Models = { new ModelDescription { Name = "expert", VocabularySize = 528, MaxSequenceTokens = 512 } },
        AcceptsSessions = true,
    };

    public ConcurrentQueue<ScriptedSession> Sessions { get; } = [];

    /// <summary>Completed by each session's end, whatever ended it.</summary>
    public SemaphoreSlim Ended { get; } = new(0);

    public string Address => _application.Urls.First();

    public static async Task<ScriptedExpert> StartAsync(Func<ScriptedSession, int, Task>? script = null)
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel =>
            kestrel.Listen(System.Net.IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Service>();
        WebApplication application = builder.Build();
        application.MapGrpcService<Service>();
        await application.StartAsync();
        var expert = new ScriptedExpert(application);
        if (script is not null)
            expert.Script = script;
        application.Services.GetRequiredService<Service>().Owner = expert;
        return expert;
    }

    /// <summary>Gone at once, as a crashed process is.</summary>
    public async Task KillAsync()
    {
        using CancellationTokenSource now = new();
        await now.CancelAsync();
        await _application.StopAsync(now.Token);
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        await _application.DisposeAsync();
        Ended.Dispose();
    }

    private sealed class Service : Protocol.V1.Expert.ExpertBase
    {
        private int _sessionCount;

        public ScriptedExpert? Owner { get; set; }

        public override async Task Session(
            IAsyncStreamReader<SessionRequest> requestStream, IServerStreamWriter<SessionResponse> responseStream, ServerCallContext context)
        {
            var session = new ScriptedSession(requestStream, responseStream, context.CancellationToken);
            Owner!.Sessions.Enqueue(session);
            try
            {
                await Owner.Script(session, Interlocked.Increment(ref _sessionCount) - 1);
            }
            finally
            {
                Owner.Ended.Release();
            }
        }

        public override Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context) => Task.FromResult(Owner!.Description);
    }
}
