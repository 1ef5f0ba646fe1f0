using System.Collections.Concurrent;
using System.Net;
using System.Threading.Channels;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Server.Kestrel.Core;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CoLlm.Training.Tests.Remote;

/// <summary>
/// A server that scores every token with minus its id, in parts of three, and misbehaves where a test tells it to. It keeps what it was asked.
/// </summary>
internal sealed class ScriptedExpert : IAsyncDisposable
{
    public const int PartTokens = 3;

    private readonly WebApplication _application;

    private ScriptedExpert(WebApplication application) => _application = application;

    public Uri Address => new(_application.Urls.Single());

    public int MaxPending { get; set; } = 2;

    /// <summary>Ids of the sequences that came, in order, over all streams; a lost one may still be read while the next begins.</summary>
    public ConcurrentQueue<long> Asked { get; } = [];

    /// <summary>Most sequences that were unanswered at a time.</summary>
    public int MostPending { get; private set; }

    public int StreamCount { get; private set; }

    /// <summary>Called before each part is sent, with the stream's number from 1; may throw, or change the part.</summary>
    public Action<int, SequenceScores> OnPart { get; set; } = (_, _) => { };

    /// <summary>Called when a stream opens, with its number; may throw.</summary>
    public Action<int> OnOpen { get; set; } = _ => { };

    public static async Task<ScriptedExpert> StartAsync()
    {
        WebApplicationBuilder builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0, endpoint => endpoint.Protocols = HttpProtocols.Http2));
        builder.Services.AddGrpc();
        builder.Services.AddSingleton<Service>();
        WebApplication application = builder.Build();
        application.MapGrpcService<Service>();
        await application.StartAsync();
        var expert = new ScriptedExpert(application);
        application.Services.GetRequiredService<Service>().Owner = expert;
        return expert;
    }

    public async ValueTask DisposeAsync()
    {
        await _application.StopAsync();
        await _application.DisposeAsync();
    }

    private sealed class Service : Protocol.V1.Expert.ExpertBase
    {
        public ScriptedExpert? Owner { get; set; }

        public override async Task Score(IAsyncStreamReader<ScoreRequest> requests, IServerStreamWriter<ScoreResponse> responses, ServerCallContext context)
        {
            int stream = ++Owner!.StreamCount;
            await requests.MoveNext(context.CancellationToken);
            Owner.OnOpen(stream);
            await responses.WriteAsync(new ScoreResponse { Opened = new ScoreOpened { MaxPendingSequences = Owner.MaxPending } });
            var pending = Channel.CreateUnbounded<ScoreSequence>();
            _ = ReadAsync(requests, pending.Writer, context.CancellationToken);
            await foreach (ScoreSequence sequence in pending.Reader.ReadAllAsync(context.CancellationToken))
            {
                Owner.MostPending = Math.Max(Owner.MostPending, pending.Reader.Count + 1);
                await AnswerAsync(sequence, stream, responses);
            }
        }

        private async Task ReadAsync(IAsyncStreamReader<ScoreRequest> requests, ChannelWriter<ScoreSequence> pending, CancellationToken cancellationToken)
        {
            try
            {
                while (await requests.MoveNext(cancellationToken))
                {
                    Owner!.Asked.Enqueue(requests.Current.Sequence.SequenceId);
                    pending.TryWrite(requests.Current.Sequence);
                }
            }
            finally
            {
                pending.TryComplete();
            }
        }

        private async Task AnswerAsync(ScoreSequence sequence, int stream, IServerStreamWriter<ScoreResponse> responses)
        {
            for (int first = sequence.FirstPosition; first < sequence.Tokens.Count; first += PartTokens)
            {
                int end = Math.Min(first + PartTokens, sequence.Tokens.Count);
                var part = new SequenceScores { SequenceId = sequence.SequenceId, FirstPosition = first, IsLast = end == sequence.Tokens.Count };
                part.GoldLogProbabilities.AddRange(sequence.Tokens.Skip(first).Take(end - first).Select(token => -(float)token));
                part.MaxLogProbabilities.AddRange(Enumerable.Repeat(0f, end - first));
                Owner!.OnPart(stream, part);
                await responses.WriteAsync(new ScoreResponse { Scores = part });
            }
        }
    }
}
