using CoLlm.Grpc.Tests.Protos;
using CoLlm.Grpc.Tests.Server;
using Google.Protobuf.Reflection;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;

namespace CoLlm.Grpc.Tests.Reflection;

/// <summary>Server reflection on the wire; both versions have the same messages.</summary>
public sealed class ReflectionServiceTests
{
    public static TheoryData<string> Versions => ["v1", "v1alpha"];

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task ListServices_OfAServer_HasEveryMappedService(string version)
    {
        ServerReflectionResponse response = await AskAsync(version, new ServerReflectionRequest { ListServices = "*" });
        Assert.Equal(
            ["collm.testing.Echo", "grpc.reflection.v1.ServerReflection", "grpc.reflection.v1alpha.ServerReflection"],
            response.ListServicesResponse.Service.Select(service => service.Name).Order(StringComparer.Ordinal));
    }

    [Theory]
    [InlineData("v1", "collm.testing.Echo")]
    [InlineData("v1", "collm.testing.Echo.Unary")]
    [InlineData("v1", "collm.testing.EchoReply")]
    [InlineData("v1alpha", "collm.testing.EchoRequest")]
    public async Task FileContainingSymbol_OfAKnownName_IsItsFile(string version, string symbol)
    {
        ServerReflectionResponse response = await AskAsync(version, new ServerReflectionRequest { FileContainingSymbol = symbol });
        FileDescriptorProto file = FileDescriptorProto.Parser.ParseFrom(Assert.Single(response.FileDescriptorResponse.FileDescriptorProto));
        Assert.Equal("echo.proto", file.Name);
        Assert.Equal(EchoReflection.Descriptor.ToProto(), file);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task FileByFilename_OfAKnownFile_IsTheFile(string version)
    {
        ServerReflectionResponse response = await AskAsync(version, new ServerReflectionRequest { FileByFilename = "echo.proto" });
        Assert.Single(response.FileDescriptorResponse.FileDescriptorProto);
    }

    [Theory]
    [MemberData(nameof(Versions))]
    public async Task Question_WithoutAnswer_IsAnErrorAndTheStreamGoesOn(string version)
    {
        await using EchoHost host = await StartAsync();
        byte[] questions =
        [
            .. RawCall.Frame(new ServerReflectionRequest { FileContainingSymbol = "no.such.Name" }),
            .. RawCall.Frame(new ServerReflectionRequest { FileByFilename = "none.proto" }),
            .. RawCall.Frame(new ServerReflectionRequest { AllExtensionNumbersOfType = "collm.testing.EchoReply" }),
            .. RawCall.Frame(new ServerReflectionRequest()),
        ];
        RawReply reply = await RawCall.SendAsync(host.Http, Path(version), questions);
        Assert.Equal([5, 5, 12, 12], reply.Messages.Select(message => message.Parse<ServerReflectionResponse>().ErrorResponse.ErrorCode));
        Assert.Equal("0", reply.Status);
    }

    private static string Path(string version) => $"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo";

    private static Task<EchoHost> StartAsync() => EchoHost.StartAsync(
        addServices: services => services.AddGrpcReflection(), map: application => application.MapGrpcReflectionService());

    internal static async Task<ServerReflectionResponse> AskAsync(string version, ServerReflectionRequest request)
    {
        await using EchoHost host = await StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Path(version), RawCall.Frame(request));
        Assert.Equal("0", reply.Status);
        return Assert.Single(reply.Messages).Parse<ServerReflectionResponse>();
    }
}
