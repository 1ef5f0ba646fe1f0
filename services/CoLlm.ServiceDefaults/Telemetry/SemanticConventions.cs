namespace CoLlm.ServiceDefaults.Telemetry;

/// <summary>
/// The names we use that OpenTelemetry's semantic conventions define, all of one version; names of our own begin with <c>collm.</c>.
/// </summary>
public static class SemanticConventions
{
    /// <summary>Later versions may rename; a new one is taken as a whole.</summary>
    public const string Version = "1.40.0";

    /// <summary>Duration of a call as its server sees it, in seconds.</summary>
    public const string RpcServerCallDuration = "rpc.server.call.duration";

    /// <summary>Always <see cref="Grpc"/>.</summary>
    public const string RpcSystemName = "rpc.system.name";

    /// <summary>Such as <c>collm.v1.Generation/Generate</c>.</summary>
    public const string RpcMethod = "rpc.method";

    /// <summary>Such as <c>OK</c> or <c>DEADLINE_EXCEEDED</c>.</summary>
    public const string RpcResponseStatusCode = "rpc.response.status_code";

    public const string Grpc = "grpc";

    /// <summary>Duration of an HTTP request as its server sees it, in seconds.</summary>
    public const string HttpServerRequestDuration = "http.server.request.duration";

    public const string HttpRequestMethod = "http.request.method";

    /// <summary>Such as <c>/v1/completions</c>.</summary>
    public const string HttpRoute = "http.route";

    public const string HttpResponseStatusCode = "http.response.status_code";

    public const string UrlScheme = "url.scheme";

    public const string ErrorType = "error.type";

    public const string ServerAddress = "server.address";

    public const string ServerPort = "server.port";

    /// <summary><see cref="Chat"/> or <see cref="TextCompletion"/>.</summary>
    public const string GenAiOperationName = "gen_ai.operation.name";

    public const string Chat = "chat";

    public const string TextCompletion = "text_completion";

    /// <summary>Always <c>collm</c>.</summary>
    public const string GenAiProviderName = "gen_ai.provider.name";

    public const string Provider = "collm";

    public const string GenAiRequestModel = "gen_ai.request.model";

    public const string GenAiResponseFinishReasons = "gen_ai.response.finish_reasons";

    public const string GenAiRequestMaxTokens = "gen_ai.request.max_tokens";

    public const string GenAiUsageInputTokens = "gen_ai.usage.input_tokens";

    public const string GenAiUsageOutputTokens = "gen_ai.usage.output_tokens";

    /// <summary>Arrival to last token, in seconds.</summary>
    public const string GenAiServerRequestDuration = "gen_ai.server.request.duration";

    /// <summary>Arrival to first token, in seconds.</summary>
    public const string GenAiServerTimeToFirstToken = "gen_ai.server.time_to_first_token";

    /// <summary>Mean time for each token after the first, in seconds.</summary>
    public const string GenAiServerTimePerOutputToken = "gen_ai.server.time_per_output_token";
}
