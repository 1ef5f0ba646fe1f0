using System.Globalization;
using System.Reflection;
using CoLlm.Expert.Models;
using CoLlm.Expert.Scoring;
using CoLlm.Expert.Sessions;
using CoLlm.Protocol;
using CoLlm.Protocol.V1;
using Grpc.Core;

namespace CoLlm.Expert.Api;

/// <summary>The gRPC face of an expert: maps, checks, delegates.</summary>
internal sealed class ExpertService(SessionServices services) : Protocol.V1.Expert.ExpertBase
{
    private static readonly string SoftwareVersion =
        typeof(ExpertService).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion ?? "";

    public override async Task Session(
        IAsyncStreamReader<SessionRequest> requestStream, IServerStreamWriter<SessionResponse> responseStream, ServerCallContext context)
    {
        using IDisposable? work = services.Gate.TryEnter(); // Null while draining: the session then says so itself.
        using ExpertSession session = new(services, responseStream);
        await session.RunAsync(requestStream, context.CancellationToken);
    }

    public override async Task Score(
        IAsyncStreamReader<ScoreRequest> requestStream, IServerStreamWriter<ScoreResponse> responseStream, ServerCallContext context)
    {
        using IDisposable work = services.Gate.TryEnter()
            ?? throw Refuse(new SessionFault(FailureReason.Draining, "The replica is stopping.", RetryAfter: services.Limits.RetryAfter));
        using CancellationTokenSource ended = CancellationTokenSource.CreateLinkedTokenSource(context.CancellationToken, services.Gate.Expired);
        try
        {
            await ScoreAsync(requestStream, responseStream, ended.Token);
        }
        catch (OperationCanceledException) when (services.Gate.Expired.IsCancellationRequested && !context.CancellationToken.IsCancellationRequested)
        {
            throw Refuse(new SessionFault(FailureReason.Draining, "The replica stops now.", RetryAfter: services.Limits.RetryAfter));
        }
    }

    public override Task<DescribeResponse> Describe(DescribeRequest request, ServerCallContext context) =>
        Task.FromResult(Describe(services.Models.Loaded));

    private async Task ScoreAsync(
        IAsyncStreamReader<ScoreRequest> requestStream, IServerStreamWriter<ScoreResponse> responseStream, CancellationToken cancellationToken)
    {
        if (!await requestStream.MoveNext(cancellationToken))
            return;
        if (requestStream.Current.Open is not { } open)
            throw Refuse(new SessionFault(FailureReason.OutOfOrder, $"The first message is {requestStream.Current.MessageCase}; it must be ScoreOpen."));
        ScoreTerms terms = ScoreTerms.TryAgree(open, services.Models, services.Limits, out SessionFault? fault) ?? throw Refuse(fault!);
        using ScoreStream stream = new(terms, services.Limits, services.Instruments.For(terms.Model), responseStream);
        await stream.RunAsync(requestStream, cancellationToken);
    }

    private DescribeResponse Describe(IReadOnlyList<ExpertModel> models) => new()
    {
        MinProtocolVersion = ProtocolVersion.Oldest,
        MaxProtocolVersion = ProtocolVersion.Newest,
        Models = { models.Select(model => model.Description) },
        Limits = { models.Select(LimitsOf) },
        Replica = services.Replica.Value,
        SoftwareVersion = SoftwareVersion,
        MaxSessions = services.Limits.MaxSessions,
        OpenSessions = services.Table.Count,
        AcceptsSessions = services.Models.IsComplete && !services.Gate.Draining.IsCancellationRequested,
        MaxMessageBytes = services.Limits.MaxMessageBytes,
    };

    private ModelLimits LimitsOf(ExpertModel model) => new()
    {
        Model = model.Name,
        AnswerForms = { model.Backend.Limits.AnswerForms },
        MaxTopK = model.Backend.Limits.MostTopK(services.Limits),
        MaxPositionsPerAsk = model.Backend.Limits.PositionsPerAsk,
        Scores = model.Backend.Limits.ScoringProblem is null,
    };

    private static RpcException Refuse(SessionFault fault)
    {
        Metadata trailers = new() { { FailureReasons.ReasonTrailer, fault.Reason.Name() } };
        if (fault.RetryAfter > TimeSpan.Zero)
            trailers.Add(FailureReasons.RetryAfterTrailer, ((long)fault.RetryAfter.TotalMilliseconds).ToString(CultureInfo.InvariantCulture));
        return new RpcException(new Status(fault.Reason.StatusCode(), fault.Message), trailers);
    }
}
