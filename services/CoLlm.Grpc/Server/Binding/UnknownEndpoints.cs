using System.Globalization;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Framing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using Microsoft.AspNetCore.Routing.Patterns;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Options;

namespace Grpc.Server.Binding;

/// <summary>Answers gRPC calls of methods that nobody serves with UNIMPLEMENTED, and leaves all other requests alone.</summary>
internal static class UnknownEndpoints
{
    public static readonly string[] Post = [HttpMethods.Post];

    private static readonly object GrpcOnly = new GrpcContentTypeConstraint();

    public static IEndpointConventionBuilder MapUnknownMethods(IEndpointRouteBuilder routes, string serviceName) =>
        Map(routes, serviceName + "/{unimplementedMethod}", "unimplementedMethod", $"gRPC - unknown method of {serviceName}", context =>
            AnswerAsync(context, $"The service {serviceName} has no method '{context.Request.RouteValues["unimplementedMethod"]}'."));

    /// <summary>Once per application, and only where its options want it.</summary>
    public static void MapUnknownServices(IEndpointRouteBuilder routes, MappedServices mapped)
    {
        GrpcServiceOptions options = routes.ServiceProvider.GetRequiredService<IOptions<GrpcServiceOptions>>().Value;
        if (options.IgnoreUnknownServices == true || !mapped.TryAdd("", null))
            return;

        Map(routes, "{unimplementedService}/{unimplementedMethod}", "unimplementedService", "gRPC - unknown service", context =>
            AnswerAsync(context, $"There is no service '{context.Request.RouteValues["unimplementedService"]}'."));
    }

    private static IEndpointConventionBuilder Map(
        IEndpointRouteBuilder routes, string pattern, string constrained, string name, RequestDelegate answer)
    {
        RoutePattern route = RoutePatternFactory.Parse(
            pattern, defaults: null, parameterPolicies: new RouteValueDictionary { [constrained] = GrpcOnly });
        IEndpointConventionBuilder endpoint = routes.MapMethods(route.RawText!, Post, answer);
        endpoint.Add(builder =>
        {
            builder.DisplayName = name;
            ((RouteEndpointBuilder)builder).RoutePattern = route;

            // Anything else that matches the path comes first.
            ((RouteEndpointBuilder)builder).Order = int.MaxValue;
        });
        return endpoint;
    }

    private static Task AnswerAsync(HttpContext context, string detail)
    {
        if (RequestCheck.TryRefuse(context))
            return Task.CompletedTask;

        HttpResponse response = context.Response;
        response.ContentType = ProtocolHeaders.ContentTypeValue;
        response.Headers[ProtocolHeaders.Status] = ((int)StatusCode.Unimplemented).ToString(CultureInfo.InvariantCulture);
        response.Headers[ProtocolHeaders.Message] = PercentCoding.Encode(detail);
        return Task.CompletedTask;
    }

    /// <summary>Matches requests whose content type is gRPC's, so that pages and other interfaces keep their paths.</summary>
    private sealed class GrpcContentTypeConstraint : IRouteConstraint
    {
        public bool Match(
            HttpContext? httpContext, IRouter? route, string routeKey, RouteValueDictionary values, RouteDirection routeDirection) =>
            ProtocolHeaders.IsGrpcContentType(httpContext?.Request.ContentType);
    }
}
