package main

import (
	"context"
	"fmt"
	"time"

	pb "collm/interop/contract"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
)

const (
	largeRequest  = 271828
	largeResponse = 314159
)

var (
	requestSizes  = []int{27182, 8, 1828, 45904}
	responseSizes = []int32{31415, 9, 2653, 58979}
	gzipped       = grpc.UseCompressor("gzip")
	yes, no       = &pb.BoolValue{Value: true}, &pb.BoolValue{Value: false}
)

func soon() (context.Context, context.CancelFunc) {
	return context.WithTimeout(context.Background(), time.Minute)
}

func equal(actual, expected interface{}, what string) error {
	if actual != expected {
		return fmt.Errorf("%s: expected %v, got %v", what, expected, actual)
	}
	return nil
}

func first(errors ...error) error {
	for _, err := range errors {
		if err != nil {
			return err
		}
	}
	return nil
}

func hasStatus(err error, code codes.Code) error {
	return equal(status.Code(err), code, "status")
}

func hasStatusAndMessage(err error, wanted *pb.EchoStatus) error {
	return first(hasStatus(err, codes.Code(wanted.Code)), equal(status.Convert(err).Message(), wanted.Message, "status message"))
}

func zeros(body []byte, size int) error {
	for _, value := range body {
		if value != 0 {
			return fmt.Errorf("the payload is not all zeros")
		}
	}
	return equal(len(body), size, "payload size")
}

func large() *pb.SimpleRequest {
	return &pb.SimpleRequest{ResponseSize: largeResponse, Payload: payload(largeRequest)}
}

func outputRequest(responseSize int32, requestSize int) *pb.StreamingOutputCallRequest {
	return &pb.StreamingOutputCallRequest{
		ResponseParameters: []*pb.ResponseParameters{{Size: responseSize}}, Payload: payload(int32(requestSize))}
}

func echoed(received metadata.MD, key, value string) error {
	if values := received.Get(key); len(values) != 1 || values[0] != value {
		return fmt.Errorf("%s was not echoed: %v", key, values)
	}
	return nil
}
