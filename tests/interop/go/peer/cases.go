package main

import (
	"context"
	"io"

	pb "collm/interop/contract"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

// The interoperability cases as a grpc-go client performs them. grpc-go compresses a whole call or none of it, so the
// uncompressed message in the middle of client_compressed_streaming is left out.
var cases = map[string]func(*grpc.ClientConn) error{
	"empty_unary": func(c *grpc.ClientConn) error {
		ctx, cancel := soon()
		defer cancel()
		_, err := pb.NewTestServiceClient(c).EmptyCall(ctx, &pb.Empty{})
		return err
	},
	"large_unary": func(c *grpc.ClientConn) error { return unary(c, large()) },
	"client_streaming": func(c *grpc.ClientConn) error {
		return streamingInput(c, requestSizes, nil)
	},
	"server_streaming": func(c *grpc.ClientConn) error {
		request := &pb.StreamingOutputCallRequest{}
		for _, size := range responseSizes {
			request.ResponseParameters = append(request.ResponseParameters, &pb.ResponseParameters{Size: size})
		}
		_, err := streamingOutput(c, request)
		return err
	},
	"ping_pong":                   pingPong,
	"empty_stream":                emptyStream,
	"client_compressed_unary":     clientCompressedUnary,
	"client_compressed_streaming": clientCompressedStreaming,
	"server_compressed_unary":     serverCompressedUnary,
	"server_compressed_streaming": serverCompressedStreaming,
	"custom_metadata":             customMetadata,
	"status_code_and_message":     statusCodeAndMessage,
	"special_status_message": func(c *grpc.ClientConn) error {
		return echoedUnaryStatus(c, &pb.EchoStatus{
			Code: 2, Message: "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"})
	},
	"unimplemented_method": func(c *grpc.ClientConn) error {
		ctx, cancel := soon()
		defer cancel()
		_, err := pb.NewTestServiceClient(c).UnimplementedCall(ctx, &pb.Empty{})
		return hasStatus(err, codes.Unimplemented)
	},
	"unimplemented_service": func(c *grpc.ClientConn) error {
		ctx, cancel := soon()
		defer cancel()
		_, err := pb.NewUnimplementedServiceClient(c).UnimplementedCall(ctx, &pb.Empty{})
		return hasStatus(err, codes.Unimplemented)
	},
	"cancel_after_begin":          cancelAfterBegin,
	"cancel_after_first_response": cancelAfterFirstResponse,
	"timeout_on_sleeping_server":  timeoutOnSleepingServer,
}

func unary(c *grpc.ClientConn, request *pb.SimpleRequest, options ...grpc.CallOption) error {
	ctx, cancel := soon()
	defer cancel()
	response, err := pb.NewTestServiceClient(c).UnaryCall(ctx, request, options...)
	return first(err, zeros(response.GetPayload().GetBody(), largeResponse))
}

func streamingInput(c *grpc.ClientConn, sizes []int, expect *pb.BoolValue, options ...grpc.CallOption) error {
	ctx, cancel := soon()
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).StreamingInputCall(ctx, options...)
	if err != nil {
		return err
	}
	total := 0
	for _, size := range sizes {
		// io.EOF says that the server has answered; CloseAndRecv then returns its status.
		if err := stream.Send(&pb.StreamingInputCallRequest{Payload: payload(int32(size)), ExpectCompressed: expect}); err == io.EOF {
			break
		} else if err != nil {
			return err
		}
		total += size
	}
	response, err := stream.CloseAndRecv()
	if err != nil {
		return err
	}
	return equal(int(response.AggregatedPayloadSize), total, "total")
}

// streamingOutput checks every response's size and returns which of them were compressed on the wire.
func streamingOutput(c *grpc.ClientConn, request *pb.StreamingOutputCallRequest) (*wireSizes, error) {
	ctx, cancel := soon()
	defer cancel()
	ctx, sizes := watching(ctx)
	stream, err := pb.NewTestServiceClient(c).StreamingOutputCall(acceptingGzip(ctx), request)
	if err != nil {
		return nil, err
	}
	for _, parameters := range request.ResponseParameters {
		response, err := stream.Recv()
		if err := first(err, zeros(response.GetPayload().GetBody(), int(parameters.Size))); err != nil {
			return nil, err
		}
	}
	_, err = stream.Recv()
	return sizes, equal(err, io.EOF, "end")
}

func pingPong(c *grpc.ClientConn) error {
	ctx, cancel := soon()
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	for i, size := range responseSizes {
		err := stream.Send(outputRequest(size, requestSizes[i]))
		if err != nil {
			return err
		}
		response, err := stream.Recv()
		if err := first(err, zeros(response.GetPayload().GetBody(), int(size))); err != nil {
			return err
		}
	}
	stream.CloseSend()
	_, err = stream.Recv()
	return equal(err, io.EOF, "end")
}

func emptyStream(c *grpc.ClientConn) error {
	ctx, cancel := soon()
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	stream.CloseSend()
	_, err = stream.Recv()
	return equal(err, io.EOF, "end")
}

func clientCompressedUnary(c *grpc.ClientConn) error {
	compressed, plain := large(), large()
	compressed.ExpectCompressed, plain.ExpectCompressed = yes, no
	return first(hasStatus(unary(c, compressed), codes.InvalidArgument), unary(c, compressed, gzipped), unary(c, plain))
}

func clientCompressedStreaming(c *grpc.ClientConn) error {
	sizes := []int{27182, 45904}
	return first(
		hasStatus(streamingInput(c, sizes, yes), codes.InvalidArgument),
		streamingInput(c, sizes, yes, gzipped))
}

// acceptingGzip announces what grpc-go can decompress; it does not yet do so itself in the version that Debian has.
func acceptingGzip(ctx context.Context) context.Context {
	return metadata.AppendToOutgoingContext(ctx, "grpc-accept-encoding", "identity,gzip")
}

func serverCompressedUnary(c *grpc.ClientConn) error {
	for _, wanted := range []*pb.BoolValue{yes, no} {
		ctx, cancel := soon()
		defer cancel()
		ctx, sizes := watching(ctx)
		request := large()
		request.ResponseCompressed = wanted
		response, err := pb.NewTestServiceClient(c).UnaryCall(acceptingGzip(ctx), request)
		if err := first(err, zeros(response.GetPayload().GetBody(), largeResponse)); err != nil {
			return err
		}
		if err := equal(sizes.at(0), wanted.Value, "compressed"); err != nil {
			return err
		}
	}
	return nil
}

func serverCompressedStreaming(c *grpc.ClientConn) error {
	sizes, err := streamingOutput(c, &pb.StreamingOutputCallRequest{ResponseParameters: []*pb.ResponseParameters{
		{Size: 31415, Compressed: yes}, {Size: 92653, Compressed: no}}})
	if err != nil {
		return err
	}
	return first(equal(sizes.at(0), true, "first compressed"), equal(sizes.at(1), false, "second compressed"))
}

func cancelAfterBegin(c *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(context.Background())
	stream, err := pb.NewTestServiceClient(c).StreamingInputCall(ctx)
	if err != nil {
		cancel()
		return err
	}
	cancel()
	_, err = stream.CloseAndRecv()
	return hasStatus(err, codes.Canceled)
}
