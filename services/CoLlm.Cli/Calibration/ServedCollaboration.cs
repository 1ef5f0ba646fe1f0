using System.Text;
using CoLlm.Cli.Serving;
using CoLlm.Protocol.V1;
using CoLlm.Training;
using CoLlm.Training.Pipeline;
using Grpc.Core;
using Grpc.Net.Client;

namespace CoLlm.Cli.Calibration;

/// <summary>
/// The trained model behind a router of its own, in front of the experts where they are: what calibration asks when not every expert
/// is on this machine. Experts that are get a service beside it.
/// </summary>
internal sealed class ServedCollaboration : ICollaboration
{
    /// <summary>How long one token may wait for its expert.</summary>
    private const int ExpertWaitMs = 300_000;

    private static readonly TimeSpan StartLimit = TimeSpan.FromMinutes(10);

    private readonly ServiceFolder _folder = new("train");
    private readonly List<ServiceProcess> _experts = [];
    private ServiceProcess? _router;
    private GrpcChannel? _channel;

    private ServedCollaboration()
    {
    }

    /// <summary>Starts what is needed on this machine.</summary>
    /// <exception cref="ServiceProcessException">It did not start.</exception>
    public static async Task<ICollaboration> StartAsync(PipelineOptions options, CancellationToken cancellationToken)
    {
        var models = new ServedCollaboration();
        try
        {
            await models.StartAllAsync(options, ServiceExecutable.OfThisProgram(), cancellationToken);
            return models;
        }
        catch (Exception exception)
        {
            models._folder.IsKept = exception is ServiceProcessException;
            await models.DisposeAsync();
            throw;
        }
    }

    /// <inheritdoc/>
    public async Task<CollaborationAnswer> AnswerAsync(int[] prompt, float? threshold, int maxNewTokens, CancellationToken cancellationToken)
    {
        var request = new GenerateRequest
        {
            TokenIds = new TokenIds { Ids = { prompt } },
            MaxNewTokens = maxNewTokens,
            Collaboration = new Collaboration
            {
                Mode = threshold is null ? CollaborationMode.BaseOnly : CollaborationMode.Defer,
                WhenUnavailable = WhenExpertUnavailable.Wait,
                ExpertWaitMs = ExpertWaitMs,
            },
        };
        if (threshold is { } cut)
            request.Collaboration.Threshold = cut;
        try
        {
            using AsyncServerStreamingCall<GenerateResponse> call =
                new Protocol.V1.Generation.GenerationClient(_channel!).Generate(request, cancellationToken: cancellationToken);
            return await ReadAsync(call.ResponseStream, cancellationToken);
        }
        catch (RpcException exception)
        {
            cancellationToken.ThrowIfCancellationRequested();
            throw new TrainingException($"A validation question cannot be answered: {exception.Status.Detail}", exception);
        }
    }

    public async ValueTask DisposeAsync()
    {
        _channel?.Dispose();
        if (_router is not null)
            await _router.DisposeAsync();
        _experts.ForEach(expert => expert.BeginStop());
        foreach (ServiceProcess expert in _experts)
            await expert.DisposeAsync();
        _folder.Dispose();
    }

    private async Task StartAllAsync(PipelineOptions options, ServiceExecutable executable, CancellationToken cancellationToken)
    {
        using HttpClient http = new(new SocketsHttpHandler { UseProxy = false });
        int threads = options.Training.ThreadCount;
        List<(string Name, string Model, Uri Address)> addresses = [];
        foreach (ExpertSource source in options.Experts)
        {
            if (source.Address is { } elsewhere)
            {
                addresses.Add((source.Name, source.Model, elsewhere));
                continue;
            }

            object settings = ServiceSettings.Expert(source.Name, Path.GetFullPath(source.Directory), threads);
            ServiceProcess expert = ServiceProcess.Start(executable, "expert", $"the expert {source.Name}", settings, _folder.File(source.Name));
            _experts.Add(expert);
            await expert.ReadyAsync(http, StartLimit, cancellationToken);
            addresses.Add((source.Name, source.Name, expert.Address));
        }

        string model = Path.GetFullPath(options.Output);
        string swapHead = Path.Combine(model, TrainingPipeline.SwapHeadFileName);
        object routed = ServiceSettings.Router(0, model, swapHead, threads, options.MaxAnswerTokens, addresses);
        _router = ServiceProcess.Start(executable, "router", "the router", routed, _folder.File("router"));
        await _router.ReadyAsync(http, StartLimit, cancellationToken);
        _channel = GrpcChannel.ForAddress(_router.Address);
    }

    private static async Task<CollaborationAnswer> ReadAsync(IAsyncStreamReader<GenerateResponse> responses, CancellationToken cancellationToken)
    {
        StringBuilder text = new();
        List<float> probabilities = [];
        while (await responses.MoveNext(cancellationToken))
        {
            if (responses.Current.Token is { } token)
            {
                text.Append(token.Text);
                if (token.HasDeferralProbability)
                    probabilities.Add(token.DeferralProbability);
            }

            if (responses.Current.Summary is not { } summary)
                continue;
            if (summary.FinishReason is FinishReason.ExpertUnavailable or FinishReason.Failed or FinishReason.Shutdown)
                throw new TrainingException($"A validation question cannot be answered: {summary.Failure?.Message ?? summary.FinishReason.ToString()}");
            return new CollaborationAnswer(text.ToString(), probabilities, summary.TokenCount - summary.BaseTokenCount, summary.TokenCount);
        }

        throw new TrainingException("The router ended an answer without a summary.");
    }
}
