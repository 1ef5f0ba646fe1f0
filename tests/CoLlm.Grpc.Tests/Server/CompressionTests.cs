using System.IO.Compression;
using CoLlm.Grpc.Tests.Protos;
using Google.Protobuf;
using Grpc.Core;

namespace CoLlm.Grpc.Tests.Server;

/// <summary>Gzip both ways.</summary>
public sealed class CompressionTests
{
    private const string Unary = "/collm.testing.Echo/Unary";

    private static readonly EchoRequest Request = new() { Payload = ByteString.CopyFrom(new byte[5000]) };

    [Fact]
    public async Task Request_Gzipped_IsRead()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, RawCall.Frame(Gzip(Request.ToByteArray()), flag: 1), ("grpc-encoding", "gzip"));
        Assert.Equal("0", reply.Status);
        Assert.Equal(5000, Assert.Single(reply.Messages).Parse<EchoReply>().Payload.Length);
    }

    [Fact]
    public async Task Request_NotGzippedThoughTheEncodingIs_IsReadByItsFlag()
    {
        await using EchoHost host = await EchoHost.StartAsync();
        RawReply reply = await RawCall.SendAsync(host.Http, Unary, RawCall.Frame(Request), ("grpc-encoding", "gzip"));
        Assert.Equal("0", reply.Status);
    }

    [Theory]
    [InlineData("gzip", 1)]
    [InlineData("identity,deflate, gzip", 1)]
    [InlineData("identity", 0)]
    [InlineData(null, 0)]
    public async Task Response_WhenConfigured_IsGzippedOnlyForThoseWhoTakeIt(string? accepted, byte flag)
    {
        await using EchoHost host = await EchoHost.StartAsync(configure: options => options.ResponseCompressionAlgorithm = "gzip");
        RawReply reply = await RawCall.SendAsync(
            host.Http, Unary, RawCall.Frame(Request), accepted is null ? [] : [("grpc-accept-encoding", accepted)]);

        RawMessage message = Assert.Single(reply.Messages);
        Assert.Equal(flag, message.Flag);
        Assert.Equal(flag == 1 ? "gzip" : null, reply.Header("grpc-encoding"));
        byte[] bytes = flag == 1 ? Gunzip(message.Bytes) : message.Bytes;
        Assert.Equal(Request.Payload, EchoReply.Parser.ParseFrom(bytes).Payload);
    }

    [Fact]
    public async Task Response_OfNoCompressMessage_IsPlain()
    {
        await using EchoHost host = await EchoHost.StartAsync(
            new EchoBehavior
            {
                Expand = async (request, replies, _) =>
                {
                    await replies.WriteAsync(new EchoReply { Payload = request.Payload });
                    replies.WriteOptions = new WriteOptions(WriteFlags.NoCompress);
                    await replies.WriteAsync(new EchoReply { Payload = request.Payload });
                },
            },
            options => options.ResponseCompressionAlgorithm = "gzip");
        RawReply reply = await RawCall.SendAsync(
            host.Http, "/collm.testing.Echo/Expand", RawCall.Frame(Request), ("grpc-accept-encoding", "gzip"));
        Assert.Equal([1, 0], reply.Messages.Select(message => (int)message.Flag));
    }

    [Fact]
    public async Task Algorithm_Unknown_FailsWhenTheServiceIsMapped() => await Assert.ThrowsAsync<InvalidOperationException>(
        () => EchoHost.StartAsync(configure: options => options.ResponseCompressionAlgorithm = "snappy"));

    internal static byte[] Gzip(byte[] bytes)
    {
        using MemoryStream compressed = new();
        using (GZipStream gzip = new(compressed, CompressionLevel.Fastest, leaveOpen: true))
            gzip.Write(bytes);

        return compressed.ToArray();
    }

    private static byte[] Gunzip(byte[] bytes)
    {
        using GZipStream gzip = new(new MemoryStream(bytes), CompressionMode.Decompress);
        using MemoryStream plain = new();
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
