using System.Buffers.Binary;
using System.IO.Pipelines;
using CoLlm.Grpc.Tests.Protos;
using FsCheck.Fluent;
using Google.Protobuf;
using Grpc.Core;
using Grpc.Framing;

namespace CoLlm.Grpc.Tests.Framing;

/// <summary>Messages through a pipe: whatever the segments, the messages are the same; whatever the lies, the answer is a status.</summary>
public sealed class MessageFramingTests
{
    private static readonly Marshaller<EchoRequest> Marshaller = Marshallers.Create(
        (message, context) =>
        {
            context.SetPayloadLength(message.CalculateSize());
            message.WriteTo(context.GetBufferWriter());
            context.Complete();
        },
        context => EchoRequest.Parser.ParseFrom(context.PayloadAsReadOnlySequence()));

    [Fact]
    public void Read_RandomSegments_GivesTheMessagesWritten() => Seeded.Check(Prop.ForAll(
        ArbMap.Default.ArbFor<byte[][]>(),
        Gen.Choose(1, 40).ArrayOf().ToArbitrary(),
        ArbMap.Default.ArbFor<bool>(),
        (payloads, cuts, compress) => RoundTripAsync(payloads, cuts, compress).GetAwaiter().GetResult()));

    [Theory]
    [InlineData(0, false)]
    [InlineData(2040, false)]
    [InlineData(2044, false)]
    [InlineData(2045, false)]
    [InlineData(2048, false)]
    [InlineData(1_000_000, false)]
    [InlineData(0, true)]
    [InlineData(1_000_000, true)]
    public async Task Read_LengthsAroundTheReservedPiece_GivesTheMessage(int length, bool compress) =>
        Assert.True(await RoundTripAsync([new byte[length], new byte[] { 7 }], [3, 1000], compress));

    [Fact]
    public async Task Write_SerializerOverArrays_WritesTheArray()
    {
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        new MessageWriter(pipe.Writer, null).Write("text", Marshallers.StringMarshaller.ContextualSerializer, compress: false);
        await pipe.Writer.CompleteAsync();

        MessageReader reader = new(pipe.Reader, null, null);
        Assert.Equal("text", await reader.ReadAsync(Marshallers.StringMarshaller.ContextualDeserializer, default));
        Assert.Null(await reader.ReadAsync(Marshallers.StringMarshaller.ContextualDeserializer, default));
    }

    [Fact]
    public async Task Write_LengthNotDeclared_StillPrefixesIt()
    {
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        EchoRequest message = new() { Repeat = 5 };
        new MessageWriter(pipe.Writer, null).Write(message, WriteUndeclared, compress: false);
        await pipe.Writer.CompleteAsync();

        Assert.Equal(message, await new MessageReader(pipe.Reader, null, null).ReadAsync(Marshaller.ContextualDeserializer, default));

        static void WriteUndeclared(EchoRequest request, SerializationContext context)
        {
            request.WriteTo(context.GetBufferWriter());
            context.Complete();
        }
    }

    [Theory]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(5000)]
    public void Write_DeclaredLengthNotKept_IsRefused(int declared)
    {
        MessageWriter writer = new(new Pipe().Writer, null);
        Assert.Throws<InvalidOperationException>(() => writer.Write(
            new byte[] { 1, 2, 3, 4 },
            (bytes, context) =>
            {
                context.SetPayloadLength(declared);
                System.Buffers.BuffersExtensions.Write(context.GetBufferWriter(), bytes);
                context.Complete();
            },
            compress: false));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Write_LargerThanAllowed_IsResourceExhaustedWithBothNumbersAndNothingWritten(bool compress)
    {
        Pipe pipe = new();
        MessageWriter writer = new(pipe.Writer, 10);
        RpcException exception = Assert.Throws<RpcException>(() =>
            writer.Write(new EchoRequest { Payload = ByteString.CopyFrom(new byte[20]) }, Marshaller.ContextualSerializer, compress));

        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.Contains("22", exception.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("10", exception.Status.Detail, StringComparison.Ordinal);
        Assert.Equal(0, pipe.Writer.UnflushedBytes);
    }

    [Fact]
    public async Task Read_HeaderClaimsMoreThanAllowed_IsRefusedBeforeTheMessageComes()
    {
        RpcException exception = await FailureAsync(Header(0, 0xFFFF_FFFF), isOpen: true);
        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.Contains("4294967295", exception.Status.Detail, StringComparison.Ordinal);
        Assert.Contains("1000", exception.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_UnknownFlag_IsInternal() =>
        Assert.Equal(StatusCode.Internal, (await FailureAsync(Header(2, 0))).StatusCode);

    [Fact]
    public async Task Read_CompressedFlagWithoutEncoding_IsInternal() =>
        Assert.Equal(StatusCode.Internal, (await FailureAsync([.. Header(1, 1), 0])).StatusCode);

    [Fact]
    public async Task Read_EndInsideHeader_IsInternal()
    {
        RpcException exception = await FailureAsync([0, 0, 0]);
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
        Assert.Contains("3 of the 5", exception.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_EndInsideMessage_IsInternal()
    {
        RpcException exception = await FailureAsync([.. Header(0, 9), 1, 2]);
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
        Assert.Contains("2 of the 9", exception.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Read_NotProtobuf_IsInternal() =>
        Assert.Equal(StatusCode.Internal, (await FailureAsync([.. Header(0, 2), 0xFF, 0xFF])).StatusCode);

    [Fact]
    public async Task Read_NotGzip_IsInternal() =>
        Assert.Equal(StatusCode.Internal, (await FailureAsync([.. Header(1, 3), 1, 2, 3], encoding: "gzip")).StatusCode);

    [Fact]
    public async Task Read_TruncatedGzip_IsInternal()
    {
        byte[] whole = Gzip(new EchoRequest { Payload = ByteString.CopyFrom(new byte[500]) }.ToByteArray());
        byte[] cut = whole[..(whole.Length / 2)];
        Assert.Equal(StatusCode.Internal, (await FailureAsync([.. Header(1, (uint)cut.Length), .. cut], encoding: "gzip")).StatusCode);
    }

    [Fact]
    public async Task Read_SmallGzipOfMuch_StopsAtTheLimit()
    {
        byte[] bomb = Gzip(new byte[10_000_000])[..];
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync((byte[])[.. Header(1, (uint)bomb.Length), .. bomb]);
        MessageReader reader = new(pipe.Reader, 20_000, "gzip");

        RpcException exception = await Assert.ThrowsAsync<RpcException>(() => reader.ReadAsync(Marshaller.ContextualDeserializer, default).AsTask());
        Assert.Equal(StatusCode.ResourceExhausted, exception.StatusCode);
        Assert.Contains("20000", exception.Status.Detail, StringComparison.Ordinal);
    }

    [Fact]
    public async Task ReadSingle_TwoMessages_IsInternal()
    {
        Pipe pipe = new();
        await pipe.Writer.WriteAsync((byte[])[.. Header(0, 0), .. Header(0, 0)]);
        await pipe.Writer.CompleteAsync();
        MessageReader reader = new(pipe.Reader, null, null);
        RpcException exception =
            await Assert.ThrowsAsync<RpcException>(() => reader.ReadSingleAsync(Marshaller.ContextualDeserializer, default).AsTask());
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
    }

    [Fact]
    public async Task ReadSingle_NoMessage_IsInternal()
    {
        Pipe pipe = new();
        await pipe.Writer.CompleteAsync();
        MessageReader reader = new(pipe.Reader, null, null);
        RpcException exception =
            await Assert.ThrowsAsync<RpcException>(() => reader.ReadSingleAsync(Marshaller.ContextualDeserializer, default).AsTask());
        Assert.Equal(StatusCode.Internal, exception.StatusCode);
    }

    [Fact]
    public async Task WriteAndRead_SteadyState_AllocatesOnlyTheMessages()
    {
        const int count = 2000;
        EchoRequest sent = new() { Payload = ByteString.CopyFrom(new byte[64]), Repeat = 1 };
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        MessageWriter writer = new(pipe.Writer, null);
        MessageReader reader = new(pipe.Reader, null, null);
        byte[] bytes = sent.ToByteArray();

        // The runtime allocates now and then for itself; the least of several rounds is the framing's own.
        long exchanged = long.MaxValue;
        for (int round = 0; round < 6; round++)
        {
            long start = GC.GetAllocatedBytesForCurrentThread();
            await ExchangeAsync(pipe, writer, reader, sent, count);
            exchanged = Math.Min(exchanged, GC.GetAllocatedBytesForCurrentThread() - start);
        }

        long before = GC.GetAllocatedBytesForCurrentThread();
        for (int i = 0; i < count; i++)
            EchoRequest.Parser.ParseFrom(new System.Buffers.ReadOnlySequence<byte>(bytes));

        long parsed = GC.GetAllocatedBytesForCurrentThread() - before;
        Assert.InRange(exchanged, count, parsed + 1024);
    }

    private static async Task ExchangeAsync(Pipe pipe, MessageWriter writer, MessageReader reader, EchoRequest message, int count)
    {
        for (int i = 0; i < count; i++)
        {
            writer.Write(message, Marshaller.ContextualSerializer, compress: false);
            await pipe.Writer.FlushAsync();
            await reader.ReadAsync(Marshaller.ContextualDeserializer, default);
        }
    }

    private static async Task<bool> RoundTripAsync(byte[][] payloads, int[] cuts, bool compress)
    {
        Pipe written = new(new PipeOptions(pauseWriterThreshold: 0));
        MessageWriter writer = new(written.Writer, null);
        EchoRequest[] sent = [.. payloads.Select((payload, index) => new EchoRequest { Payload = ByteString.CopyFrom(payload ?? []), Repeat = index })];
        foreach (EchoRequest message in sent)
            writer.Write(message, Marshaller.ContextualSerializer, compress);

        await written.Writer.CompleteAsync();
        using MemoryStream all = new();
        await written.Reader.CopyToAsync(all);

        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0, minimumSegmentSize: 1));
        Task feeding = FeedAsync(pipe.Writer, all.ToArray(), cuts);
        MessageReader reader = new(pipe.Reader, null, "gzip");
        List<EchoRequest> received = [];
        while (await reader.ReadAsync(Marshaller.ContextualDeserializer, default) is { } message)
            received.Add(message);

        await feeding;
        return received.SequenceEqual(sent);
    }

    private static async Task FeedAsync(PipeWriter writer, byte[] bytes, int[] cuts)
    {
        int offset = 0;
        for (int i = 0; offset < bytes.Length; i++)
        {
            int count = Math.Min(cuts.Length == 0 ? bytes.Length : cuts[i % cuts.Length], bytes.Length - offset);
            await writer.WriteAsync(bytes.AsMemory(offset, count));
            offset += count;
            if (i % 3 == 0)
                await Task.Yield();
        }

        await writer.CompleteAsync();
    }

    private static byte[] Header(byte flag, uint length)
    {
        byte[] header = new byte[5];
        header[0] = flag;
        BinaryPrimitives.WriteUInt32BigEndian(header.AsSpan(1), length);
        return header;
    }

    private static byte[] Gzip(byte[] bytes)
    {
        using PooledBuffer compressed = new();
        MessageEncoding.Compress(bytes, compressed, System.IO.Compression.CompressionLevel.Fastest);
        return compressed.Written.ToArray();
    }

    private static async Task<RpcException> FailureAsync(byte[] bytes, bool isOpen = false, string? encoding = null)
    {
        Pipe pipe = new(new PipeOptions(pauseWriterThreshold: 0));
        await pipe.Writer.WriteAsync(bytes);
        if (!isOpen)
            await pipe.Writer.CompleteAsync();

        MessageReader reader = new(pipe.Reader, 1000, encoding);
        return await Assert.ThrowsAsync<RpcException>(() => reader.ReadAsync(Marshaller.ContextualDeserializer, default).AsTask());
    }
}
