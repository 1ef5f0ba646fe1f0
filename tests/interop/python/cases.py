"""The interoperability cases as a grpcio client performs them; each raises AssertionError where the server is wrong."""

import threading

import grpc
import interop_pb2 as pb
import interop_pb2_grpc as rpc

LARGE_REQUEST = 271828
LARGE_RESPONSE = 314159
REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP \u263a and non-BMP \U0001f608\t\n"
TIMEOUT = 60


def expect(actual, expected, what):
    assert actual == expected, f"{what}: expected {expected!r}, got {actual!r}"


def payload(size):
    return pb.Payload(body=b"\0" * size)


def expect_error(call, code, message=None):
    try:
        call()
    except grpc.RpcError as error:
        expect(error.code(), code, "status")
        if message is not None:
            expect(error.details(), message, "status message")
        return
    raise AssertionError(f"expected {code}, but the call succeeded")


def output_request(response_size, request_size=0, **extra):
    return pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=response_size)], payload=payload(request_size), **extra)


class Feed:
    """An iterator of requests that is fed from outside and ends on close."""

    def __init__(self):
        self.items, self.ready, self.closed = [], threading.Condition(), False

    def send(self, item):
        with self.ready:
            self.items.append(item)
            self.ready.notify()

    def close(self):
        with self.ready:
            self.closed = True
            self.ready.notify()

    def __iter__(self):
        return self

    def __next__(self):
        with self.ready:
            self.ready.wait_for(lambda: self.items or self.closed)
            if self.items:
                return self.items.pop(0)
            raise StopIteration


def large_request(**extra):
    return pb.SimpleRequest(response_size=LARGE_RESPONSE, payload=payload(LARGE_REQUEST), **extra)


def expect_large(response):
    expect(response.payload.body, b"\0" * LARGE_RESPONSE, "payload")


def empty_unary(stub, _):
    expect(stub.EmptyCall(pb.Empty(), timeout=TIMEOUT), pb.Empty(), "response")


def large_unary(stub, _):
    expect_large(stub.UnaryCall(large_request(), timeout=TIMEOUT))


def client_streaming(stub, _):
    requests = (pb.StreamingInputCallRequest(payload=payload(size)) for size in REQUEST_SIZES)
    expect(stub.StreamingInputCall(requests, timeout=TIMEOUT).aggregated_payload_size, sum(REQUEST_SIZES), "total")


def server_streaming(stub, _):
    request = pb.StreamingOutputCallRequest(
        response_parameters=[pb.ResponseParameters(size=size) for size in RESPONSE_SIZES])
    sizes = [len(response.payload.body) for response in stub.StreamingOutputCall(request, timeout=TIMEOUT)]
    expect(sizes, list(RESPONSE_SIZES), "sizes")


def ping_pong(stub, _):
    feed = Feed()
    call = stub.FullDuplexCall(feed, timeout=TIMEOUT)
    for request_size, response_size in zip(REQUEST_SIZES, RESPONSE_SIZES):
        feed.send(output_request(response_size, request_size))
        expect(len(next(call).payload.body), response_size, "size")
    feed.close()
    expect(list(call), [], "responses after the half-close")


def empty_stream(stub, _):
    expect(list(stub.FullDuplexCall(iter(()), timeout=TIMEOUT)), [], "responses")


def client_compressed_unary(stub, _):
    probe = large_request(expect_compressed=pb.BoolValue(value=True))
    expect_error(lambda: stub.UnaryCall(probe, timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
    expect_large(stub.UnaryCall(probe, timeout=TIMEOUT, compression=grpc.Compression.Gzip))
    expect_large(stub.UnaryCall(large_request(expect_compressed=pb.BoolValue(value=False)), timeout=TIMEOUT))


def client_compressed_streaming(stub, _):
    """grpcio compresses a whole call or none of it, so the uncompressed message in the middle is left out."""
    def requests():
        for size in (27182, 45904):
            yield pb.StreamingInputCallRequest(payload=payload(size), expect_compressed=pb.BoolValue(value=True))
    expect_error(lambda: stub.StreamingInputCall(requests(), timeout=TIMEOUT), grpc.StatusCode.INVALID_ARGUMENT)
    response = stub.StreamingInputCall(requests(), timeout=TIMEOUT, compression=grpc.Compression.Gzip)
    expect(response.aggregated_payload_size, 73086, "total")


def server_compressed_unary(stub, _):
    """grpcio decompresses without telling, so this shows only that both forms are understood."""
    for compressed in (True, False):
        expect_large(stub.UnaryCall(large_request(response_compressed=pb.BoolValue(value=compressed)), timeout=TIMEOUT))


def server_compressed_streaming(stub, _):
    request = pb.StreamingOutputCallRequest(response_parameters=[
        pb.ResponseParameters(size=31415, compressed=pb.BoolValue(value=True)),
        pb.ResponseParameters(size=92653, compressed=pb.BoolValue(value=False))])
    bodies = [response.payload.body for response in stub.StreamingOutputCall(request, timeout=TIMEOUT)]
    expect(bodies, [b"\0" * 31415, b"\0" * 92653], "payloads")


def custom_metadata(stub, _):
    initial = ("x-grpc-test-echo-initial", "test_initial_metadata_value")
    trailing = ("x-grpc-test-echo-trailing-bin", b"\xab\xab\xab")

    def check(call):
        assert initial in [tuple(pair) for pair in call.initial_metadata()], "initial metadata was not echoed"
        assert trailing in [tuple(pair) for pair in call.trailing_metadata()], "trailing metadata was not echoed"

    response, call = stub.UnaryCall.with_call(large_request(), metadata=(initial, trailing), timeout=TIMEOUT)
    expect_large(response)
    check(call)
    stream = stub.FullDuplexCall(iter((output_request(LARGE_RESPONSE, LARGE_REQUEST),)), metadata=(initial, trailing), timeout=TIMEOUT)
    expect([len(response.payload.body) for response in stream], [LARGE_RESPONSE], "sizes")
    check(stream)


def expect_echoed_status(stub, message):
    status = pb.EchoStatus(code=2, message=message)
    expect_error(lambda: stub.UnaryCall(pb.SimpleRequest(response_status=status), timeout=TIMEOUT), grpc.StatusCode.UNKNOWN, message)
    return status


def status_code_and_message(stub, _):
    status = expect_echoed_status(stub, "test status message")
    request = pb.StreamingOutputCallRequest(response_status=status)
    expect_error(lambda: list(stub.FullDuplexCall(iter((request,)), timeout=TIMEOUT)), grpc.StatusCode.UNKNOWN, status.message)


def special_status_message(stub, _):
    expect_echoed_status(stub, SPECIAL_MESSAGE)


def unimplemented_method(stub, _):
    expect_error(lambda: stub.UnimplementedCall(pb.Empty(), timeout=TIMEOUT), grpc.StatusCode.UNIMPLEMENTED)


def unimplemented_service(_, channel):
    other = rpc.UnimplementedServiceStub(channel)
    expect_error(lambda: other.UnimplementedCall(pb.Empty(), timeout=TIMEOUT), grpc.StatusCode.UNIMPLEMENTED)


def cancel_after_begin(stub, _):
    feed = Feed()
    call = stub.StreamingInputCall.future(feed)
    call.cancel()
    feed.close()
    assert call.cancelled(), "the call was not cancelled"
    expect(call.code(), grpc.StatusCode.CANCELLED, "status")


def cancel_after_first_response(stub, _):
    feed = Feed()
    call = stub.FullDuplexCall(feed)
    feed.send(output_request(31415, 27182))
    expect(len(next(call).payload.body), 31415, "size")
    call.cancel()
    feed.close()
    expect_error(lambda: next(call), grpc.StatusCode.CANCELLED)


def timeout_on_sleeping_server(stub, _):
    feed = Feed()
    call = stub.FullDuplexCall(feed, timeout=0.001)
    feed.send(pb.StreamingOutputCallRequest(payload=payload(27182)))
    expect_error(lambda: next(call), grpc.StatusCode.DEADLINE_EXCEEDED)
    feed.close()


CASES = {case.__name__: case for case in (
    empty_unary, large_unary, client_streaming, server_streaming, ping_pong, empty_stream, client_compressed_unary,
    client_compressed_streaming, server_compressed_unary, server_compressed_streaming, custom_metadata,
    status_code_and_message, special_status_message, unimplemented_method, unimplemented_service, cancel_after_begin,
    cancel_after_first_response, timeout_on_sleeping_server)}
