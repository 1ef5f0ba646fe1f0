"""A gRPC peer on grpcio, driven over its standard streams; ../README.md says what it reads and writes."""

import json
import os
import sys
import threading
import time
import traceback
from concurrent import futures

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "obj"))

import grpc
import interop_pb2_grpc as rpc
import ping_pb2
import ping_pb2_grpc as ping_rpc
from cases import CASES
from service import PingPong, TestService


def serve(unix_path, certificate=None, key=None):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=40))
    rpc.add_TestServiceServicer_to_server(TestService(), server)
    ping_rpc.add_PingPongServicer_to_server(PingPong(), server)
    plain = server.add_insecure_port("127.0.0.1:0")
    server.add_insecure_port("unix:" + unix_path)
    tls = certificate and server.add_secure_port("127.0.0.1:0", server_credentials(certificate, key))
    server.start()
    report({"plain": plain, "tls": tls})
    sys.stdin.read()
    server.stop(None)


def server_credentials(certificate, key):
    with open(key, "rb") as key_file, open(certificate, "rb") as certificate_file:
        return grpc.ssl_server_credentials([(key_file.read(), certificate_file.read())])


def connect(target, certificate=None):
    if certificate is None:
        return grpc.insecure_channel(target)
    with open(certificate, "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(file.read()))


def run_cases():
    report({"ready": True})
    channels = {}
    for line in sys.stdin:
        name, *where = line.split()
        where = tuple(where)
        try:
            if where not in channels:
                channels[where] = connect(*where)
            CASES[name](rpc.TestServiceStub(channels[where]), channels[where])
            report({"case": name, "error": None})
        except BaseException:
            report({"case": name, "error": traceback.format_exc()})


def measure(target):
    """Answers each `stream COUNT` or `unary COUNT CONCURRENCY` with the microseconds of every operation, or of all together."""
    channel = connect(target)
    stub = ping_rpc.PingPongStub(channel)
    ping = ping_pb2.Ping(body=b"\x2a" * 64)
    ready = threading.Semaphore(0)

    def pings():
        while True:
            ready.acquire()
            yield ping

    answers = stub.Stream(pings())
    report({"ready": True})
    for line in sys.stdin:
        kind, *numbers = line.split()
        count = int(numbers[0])
        if kind == "stream":
            samples = []
            for _ in range(count):
                start = time.perf_counter_ns()
                ready.release()
                next(answers)
                samples.append((time.perf_counter_ns() - start) / 1000)
            report(samples)
        else:
            report([unary_total(stub, ping, count, int(numbers[1]))])
    os._exit(0)


def unary_total(stub, ping, count, concurrency):
    start = time.perf_counter_ns()
    if concurrency == 1:
        for _ in range(count):
            stub.Once(ping)
    else:
        free, failed = threading.Semaphore(concurrency), []

        def finished(call):
            if call.exception() is not None:
                failed.append(call.exception())
            free.release()

        for _ in range(count):
            free.acquire()
            stub.Once.future(ping).add_done_callback(finished)
        for _ in range(concurrency):
            free.acquire()
        if failed:
            raise failed[0]
    return (time.perf_counter_ns() - start) / 1000


def report(value):
    print(json.dumps(value), flush=True)


if __name__ == "__main__":
    {"server": serve, "client": run_cases, "measure": measure}[sys.argv[1]](*sys.argv[2:])
