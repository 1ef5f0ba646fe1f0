"""The interop service and the ping-pong service over grpcio."""

import time

import grpc
import interop_pb2 as pb
import interop_pb2_grpc as rpc
import ping_pb2_grpc as ping_rpc

ECHO_INITIAL = "x-grpc-test-echo-initial"
ECHO_TRAILING = "x-grpc-test-echo-trailing-bin"


def echo_metadata(context):
    for key, value in context.invocation_metadata():
        if key == ECHO_INITIAL:
            context.send_initial_metadata(((key, value),))
        elif key == ECHO_TRAILING:
            context.set_trailing_metadata(((key, value),))


def echo_status(request, context):
    if request.HasField("response_status") and request.response_status.code:
        context.set_code(STATUS_CODES[request.response_status.code])
        context.set_details(request.response_status.message)
        return True
    return False


STATUS_CODES = {code.value[0]: code for code in grpc.StatusCode}


def payload(size):
    return pb.Payload(body=b"\0" * size)


class TestService(rpc.TestServiceServicer):
    """grpcio does not tell a servicer whether a message came compressed, so expect_compressed cannot be checked here."""

    def EmptyCall(self, request, context):
        echo_metadata(context)
        return pb.Empty()

    def UnaryCall(self, request, context):
        echo_metadata(context)
        if echo_status(request, context):
            return pb.SimpleResponse()
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return pb.SimpleResponse(payload=payload(request.response_size))

    def StreamingInputCall(self, requests, context):
        echo_metadata(context)
        return pb.StreamingInputCallResponse(aggregated_payload_size=sum(len(r.payload.body) for r in requests))

    def StreamingOutputCall(self, request, context):
        if any(p.compressed.value for p in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        yield from self.responses(request, context)

    def FullDuplexCall(self, requests, context):
        echo_metadata(context)
        for request in requests:
            if echo_status(request, context):
                return
            yield from self.responses(request, context)

    @staticmethod
    def responses(request, context):
        for parameters in request.response_parameters:
            time.sleep(parameters.interval_us / 1e6)
            if parameters.HasField("compressed") and not parameters.compressed.value:
                context.disable_next_message_compression()
            yield pb.StreamingOutputCallResponse(payload=payload(parameters.size))


class PingPong(ping_rpc.PingPongServicer):
    def Once(self, request, context):
        return request

    def Stream(self, requests, context):
        yield from requests
