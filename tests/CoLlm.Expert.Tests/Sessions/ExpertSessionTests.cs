using CoLlm.Expert.Sessions;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Expert.Tests.Sessions;

/// <summary>A session whose client's messages are all there before the first is read.</summary>
public sealed class ExpertSessionTests
{
    private const int Rounds = 30;

    [Fact]
    public async Task RunAsync_MessagesInStore_AreNotServedUponTheEnginesThread()
    {
        await using ExpertUnderTest expert = await ExpertUnderTest.StartAsync();
        Replies replies = new();
        using ExpertSession session = new(expert.App.Services.GetRequiredService<SessionServices>(), replies);

        await session.RunAsync(new Stored(AskAndTruncate()), CancellationToken.None);

        // An answer may be written by the engine's thread. What the next message causes comes from the pool.
        Assert.Equal(Rounds, replies.OfThePool.Count(reply => reply.Case == SessionResponse.MessageOneofCase.Answer));
        Assert.All(replies.OfThePool.Skip(2).Where(reply => reply.Case == SessionResponse.MessageOneofCase.Applied), reply => Assert.True(reply.IsOfThePool));
    }

    private static IEnumerable<SessionRequest> AskAndTruncate()
    {
        int[] prefix = [1, 2, 3];
        yield return new SessionRequest { Open = new Open { ProtocolVersion = 1, MaxSequenceTokens = 64, Tokens = { prefix } } };
        for (int epoch = 0; epoch < Rounds; epoch++)
        {
            yield return new SessionRequest { Ask = new Ask { Epoch = epoch, Start = prefix.Length, PrefixHash = PrefixHash.Of(prefix).Value } };
            yield return new SessionRequest { Truncate = new Truncate { Epoch = epoch + 1, Position = prefix.Length } };
        }
    }

    private sealed class Stored(IEnumerable<SessionRequest> requests) : IAsyncStreamReader<SessionRequest>
    {
        private readonly IEnumerator<SessionRequest> _requests = requests.GetEnumerator();

        public SessionRequest Current => _requests.Current;

        public Task<bool> MoveNext(CancellationToken cancellationToken) => Task.FromResult(_requests.MoveNext());
    }

    private sealed class Replies : IServerStreamWriter<SessionResponse>
    {
        public List<(SessionResponse.MessageOneofCase Case, bool IsOfThePool)> OfThePool { get; } = [];

        public WriteOptions? WriteOptions { get; set; }

        public Task WriteAsync(SessionResponse message)
        {
            OfThePool.Add((message.MessageCase, Thread.CurrentThread.IsThreadPoolThread));
            return Task.CompletedTask;
        }
    }
}
