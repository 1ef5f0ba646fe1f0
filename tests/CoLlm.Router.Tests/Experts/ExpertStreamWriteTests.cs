using CoLlm.Decoding;
using CoLlm.Decoding.Experts;
using CoLlm.Protocol.V1;
using CoLlm.Router.Experts;
using Grpc.Core;
using SamplingParameters = CoLlm.Inference.Sampling.SamplingParameters;

namespace CoLlm.Router.Tests.Experts;

/// <summary>An expert that ends the session before its router's message has left: what it said counts, not what became of the message.</summary>
public sealed class ExpertStreamWriteTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task AskAsync_OpenCannotLeaveSinceTheExpertRefusedIt_EndsWithTheExpertsReason(bool isHeardFirst)
    {
        var client = new RefusingClient();
        var terms = new SessionTerms { Model = "expert", UsableVocabularySize = 512, MaxSequenceTokens = 512, Sampling = SamplingParameters.Greedy };
        var history = new TokenHistory([5, 6, 7], maxNewTokens: 1);
        using ExpertStream stream = ExpertStream.Open(client, new Uri("http://expert"), terms, history, 0, TimeProvider.System, null, default);

        Task<ExpertAnswer?> asking = stream.AskAsync(
            history, new ExpertQuestion(ExpertAnswerForm.Token, SamplingParameters.Greedy, TimeSpan.Zero), Patience, default).AsTask();
        Action[] events = [client.Refuse, client.Reset];
        foreach (Action happens in isHeardFirst ? events : events.Reverse())
            happens();

        Assert.Null(await asking);
        Assert.Equal(FailureReason.TokenizerMismatch, stream.Ended!.Reason);
    }

    /// <summary>Calls that refuse a session when told to, and lose its messages when told to.</summary>
    private sealed class RefusingClient : Protocol.V1.Expert.ExpertClient, IClientStreamWriter<SessionRequest>, IAsyncStreamReader<SessionResponse>
    {
        private readonly TaskCompletionSource _write = new();
        private readonly TaskCompletionSource<bool> _read = new();
        private int _readCount;

        public WriteOptions? WriteOptions { get; set; }

        public SessionResponse Current { get; } = new()
        {
            Notice = new Notice { EndsSession = true, Failure = new Failure { Reason = FailureReason.TokenizerMismatch, Message = "Scripted." } },
        };

        public void Refuse() => _read.SetResult(true);

        public void Reset() => _write.SetException(new RpcException(new Status(StatusCode.Cancelled, "The stream was reset.")));

        public override AsyncDuplexStreamingCall<SessionRequest, SessionResponse> Session(
            Metadata headers, DateTime? deadline, CancellationToken cancellationToken) =>
            new(this, this, Task.FromResult(new Metadata()), () => Status.DefaultSuccess, () => [], () => { });

        public Task WriteAsync(SessionRequest message) => _write.Task;

        public Task WriteAsync(SessionRequest message, CancellationToken cancellationToken) => _write.Task;

        public Task CompleteAsync() => Task.CompletedTask;

        public Task<bool> MoveNext(CancellationToken cancellationToken) => _readCount++ == 0 ? _read.Task : Task.FromResult(false);
    }
}
