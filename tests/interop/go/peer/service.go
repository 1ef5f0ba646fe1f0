package main

import (
	"context"
	"io"
	"time"

	pb "collm/interop/contract"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	echoInitial  = "x-grpc-test-echo-initial"
	echoTrailing = "x-grpc-test-echo-trailing-bin"
)

type testService struct {
	pb.UnimplementedTestServiceServer
}

func echoMetadata(ctx context.Context, header, trailer func(metadata.MD)) {
	received, _ := metadata.FromIncomingContext(ctx)
	if values := received.Get(echoInitial); len(values) > 0 {
		header(metadata.Pairs(echoInitial, values[0]))
	}
	if values := received.Get(echoTrailing); len(values) > 0 {
		trailer(metadata.Pairs(echoTrailing, values[0]))
	}
}

func echoedStatus(wanted *pb.EchoStatus) error {
	if wanted.GetCode() == 0 {
		return nil
	}
	return status.Error(codes.Code(wanted.Code), wanted.Message)
}

func expectCompression(ctx context.Context, expected *pb.BoolValue, index int) error {
	if expected.GetValue() && !watched(ctx).at(index) {
		return status.Error(codes.InvalidArgument, "the message was to be compressed and was not")
	}
	return nil
}

func payload(size int32) *pb.Payload {
	return &pb.Payload{Body: make([]byte, size)}
}

func (*testService) EmptyCall(context.Context, *pb.Empty) (*pb.Empty, error) {
	return &pb.Empty{}, nil
}

func (*testService) UnaryCall(ctx context.Context, request *pb.SimpleRequest) (*pb.SimpleResponse, error) {
	echoMetadata(ctx, func(md metadata.MD) { grpc.SetHeader(ctx, md) }, func(md metadata.MD) { grpc.SetTrailer(ctx, md) })
	if err := echoedStatus(request.ResponseStatus); err != nil {
		return nil, err
	}
	if err := expectCompression(ctx, request.ExpectCompressed, 0); err != nil {
		return nil, err
	}
	return &pb.SimpleResponse{Payload: payload(request.ResponseSize)}, nil
}

func (*testService) StreamingInputCall(stream pb.TestService_StreamingInputCallServer) error {
	total := 0
	for index := 0; ; index++ {
		request, err := stream.Recv()
		if err == io.EOF {
			return stream.SendAndClose(&pb.StreamingInputCallResponse{AggregatedPayloadSize: int32(total)})
		}
		if err != nil {
			return err
		}
		if err := expectCompression(stream.Context(), request.ExpectCompressed, index); err != nil {
			return err
		}
		total += len(request.GetPayload().GetBody())
	}
}

func (*testService) StreamingOutputCall(request *pb.StreamingOutputCallRequest, stream pb.TestService_StreamingOutputCallServer) error {
	return respond(request, stream.Send)
}

func (*testService) FullDuplexCall(stream pb.TestService_FullDuplexCallServer) error {
	echoMetadata(stream.Context(), func(md metadata.MD) { stream.SetHeader(md) }, stream.SetTrailer)
	for {
		request, err := stream.Recv()
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := echoedStatus(request.ResponseStatus); err != nil {
			return err
		}
		if err := respond(request, stream.Send); err != nil {
			return err
		}
	}
}

func respond(request *pb.StreamingOutputCallRequest, send func(*pb.StreamingOutputCallResponse) error) error {
	for _, parameters := range request.ResponseParameters {
		time.Sleep(time.Duration(parameters.IntervalUs) * time.Microsecond)
		if err := send(&pb.StreamingOutputCallResponse{Payload: payload(parameters.Size)}); err != nil {
			return err
		}
	}
	return nil
}
