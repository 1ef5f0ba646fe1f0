"""Asks a router for an answer through grpcio and prints every event as a line of JSON: generate.py STUBS TARGET PROMPT THRESHOLD COUNT [CA]."""

import json
import sys

sys.path.insert(0, sys.argv[1])

import grpc
from collm.v1 import generation_pb2 as pb
from collm.v1 import generation_pb2_grpc as rpc
from collm.v1 import tokens_pb2 as tokens

target, prompt, threshold, count, *ca = sys.argv[2:]
request = pb.GenerateRequest(
    prompt=prompt,
    max_new_tokens=int(count),
    stop=pb.StopConditions(ignore_end_of_sequence=True),
    collaboration=pb.Collaboration(mode=pb.COLLABORATION_MODE_DEFER, threshold=float(threshold)),
)


def connect():
    if not ca:
        return grpc.insecure_channel(target)
    with open(ca[0], "rb") as file:
        return grpc.secure_channel(target, grpc.ssl_channel_credentials(root_certificates=file.read()))


with connect() as channel:
    for response in rpc.GenerationStub(channel).Generate(request, timeout=30):
        kind = response.WhichOneof("event")
        if kind == "token":
            event = {"id": response.token.token_id, "text": response.token.text, "origin": tokens.Origin.Name(response.token.origin)}
        elif kind == "summary":
            event = {"finish": pb.FinishReason.Name(response.summary.finish_reason), "count": response.summary.token_count}
        else:
            event = {"experts": list(response.started.experts)}
        print(json.dumps({kind: event}), flush=True)
