package main

import (
	"context"
	"time"

	pb "collm/interop/contract"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
)

const metadataInitial, metadataTrailing = "test_initial_metadata_value", "\xab\xab\xab"

func customMetadata(c *grpc.ClientConn) error {
	ctx, cancel := soon()
	defer cancel()
	ctx = metadata.AppendToOutgoingContext(ctx, echoInitial, metadataInitial, echoTrailing, metadataTrailing)
	header, trailer := metadata.MD{}, metadata.MD{}
	_, err := pb.NewTestServiceClient(c).UnaryCall(ctx, large(), grpc.Header(&header), grpc.Trailer(&trailer))
	if err := first(err, echoed(header, echoInitial, metadataInitial), echoed(trailer, echoTrailing, metadataTrailing)); err != nil {
		return err
	}
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(outputRequest(largeResponse, largeRequest)); err != nil {
		return err
	}
	response, err := stream.Recv()
	if err := first(err, zeros(response.GetPayload().GetBody(), largeResponse)); err != nil {
		return err
	}
	stream.CloseSend()
	stream.Recv()
	header, err = stream.Header()
	return first(err, echoed(header, echoInitial, metadataInitial), echoed(stream.Trailer(), echoTrailing, metadataTrailing))
}

func echoedUnaryStatus(c *grpc.ClientConn, wanted *pb.EchoStatus) error {
	ctx, cancel := soon()
	defer cancel()
	_, err := pb.NewTestServiceClient(c).UnaryCall(ctx, &pb.SimpleRequest{ResponseStatus: wanted})
	return hasStatusAndMessage(err, wanted)
}

func statusCodeAndMessage(c *grpc.ClientConn) error {
	wanted := &pb.EchoStatus{Code: 2, Message: "test status message"}
	if err := echoedUnaryStatus(c, wanted); err != nil {
		return err
	}
	ctx, cancel := soon()
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(&pb.StreamingOutputCallRequest{ResponseStatus: wanted}); err != nil {
		return err
	}
	stream.CloseSend()
	_, err = stream.Recv()
	return hasStatusAndMessage(err, wanted)
}

func cancelAfterFirstResponse(c *grpc.ClientConn) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return err
	}
	if err := stream.Send(outputRequest(31415, 27182)); err != nil {
		return err
	}
	response, err := stream.Recv()
	if err := first(err, zeros(response.GetPayload().GetBody(), 31415)); err != nil {
		return err
	}
	cancel()
	_, err = stream.Recv()
	return hasStatus(err, codes.Canceled)
}

func timeoutOnSleepingServer(c *grpc.ClientConn) error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Millisecond)
	defer cancel()
	stream, err := pb.NewTestServiceClient(c).FullDuplexCall(ctx)
	if err != nil {
		return hasStatus(err, codes.DeadlineExceeded)
	}
	// The deadline may pass before, during or after the send; the receive says which status the call ended with.
	stream.Send(&pb.StreamingOutputCallRequest{Payload: payload(27182)})
	_, err = stream.Recv()
	return hasStatus(err, codes.DeadlineExceeded)
}
