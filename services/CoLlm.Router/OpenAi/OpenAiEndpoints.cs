using CoLlm.ServiceDefaults.Listening;
using CoLlm.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Router.OpenAi;

/// <summary>Maps the HTTP API that OpenAI's clients speak, at the listener for applications.</summary>
internal static class OpenAiEndpoints
{
    public const string Models = "/v1/models";
    public const string Model = "/v1/models/{model}";
    public const string Completions = "/v1/completions";
    public const string Chat = "/v1/chat/completions";

    private const string Others = "/v1/{**rest}";

    public static void MapOpenAi(this WebApplication app)
    {
        OpenAiService service = app.Services.GetRequiredService<OpenAiService>();
        HttpTelemetry telemetry = app.Services.GetRequiredService<HttpTelemetry>();
        Map(HttpMethods.Get, Models, context => service.ListModelsAsync(context, null));
        Map(HttpMethods.Get, Model, context => service.ListModelsAsync(context, (string)context.Request.RouteValues["model"]!));
        Map(HttpMethods.Post, Completions, context => service.AnswerAsync(context, isChat: false));
        Map(HttpMethods.Post, Chat, context => service.AnswerAsync(context, isChat: true));
        app.Map(Others, OpenAiService.NotFoundAsync).ServedAt(ListenerKind.Http);

        void Map(string method, string route, Func<HttpContext, Task> handle) =>
            app.MapMethods(route, [method], context => telemetry.ObserveAsync(context, route, handle)).ServedAt(ListenerKind.Http);
    }
}
