using Grpc.Core;
using Grpc.Framing;

namespace CoLlm.Grpc.Tests.Framing;

/// <summary>Failures below gRPC as statuses; the tables are those of the protocol's documents.</summary>
public sealed class StatusMappingTests
{
    [Theory]
    [InlineData(0x0, StatusCode.Internal)]
    [InlineData(0x1, StatusCode.Internal)]
    [InlineData(0x2, StatusCode.Internal)]
    [InlineData(0x3, StatusCode.Internal)]
    [InlineData(0x4, StatusCode.Internal)]
    [InlineData(0x6, StatusCode.Internal)]
    [InlineData(0x7, StatusCode.Unavailable)]
    [InlineData(0x8, StatusCode.Cancelled)]
    [InlineData(0x9, StatusCode.Internal)]
    [InlineData(0xA, StatusCode.Internal)]
    [InlineData(0xB, StatusCode.ResourceExhausted)]
    [InlineData(0xC, StatusCode.PermissionDenied)]
    [InlineData(0x1234, StatusCode.Unknown)]
    public void FromHttp2Error_Code_IsTheStatusOfTheTable(long error, StatusCode expected) =>
        Assert.Equal(expected, StatusMapping.FromHttp2Error(error));

    [Theory]
    [InlineData(400, StatusCode.Internal)]
    [InlineData(401, StatusCode.Unauthenticated)]
    [InlineData(403, StatusCode.PermissionDenied)]
    [InlineData(404, StatusCode.Unimplemented)]
    [InlineData(429, StatusCode.Unavailable)]
    [InlineData(502, StatusCode.Unavailable)]
    [InlineData(503, StatusCode.Unavailable)]
    [InlineData(504, StatusCode.Unavailable)]
    [InlineData(200, StatusCode.Unknown)]
    [InlineData(500, StatusCode.Unknown)]
    public void FromHttpStatus_Code_IsTheStatusOfTheTable(int http, StatusCode expected) =>
        Assert.Equal(expected, StatusMapping.FromHttpStatus(http));
}
