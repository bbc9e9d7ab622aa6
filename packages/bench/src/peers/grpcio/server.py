"""server.py <address> <job>: grpcio's threaded server."""

import sys
from concurrent import futures

import grpc
from vyra.bench.v1 import bench_pb2 as pb
from vyra.bench.v1 import bench_pb2_grpc

from program import ANSWER_HEADER, OPTIONS, REQUEST_HEADER, address, job, say, usage


class Bench(bench_pb2_grpc.BenchServiceServicer):
    def Echo(self, request, context):
        context.time_remaining()
        if job.withExtras:
            context.send_initial_metadata(((ANSWER_HEADER, dict(context.invocation_metadata())[REQUEST_HEADER]),))
        return pb.EchoResponse(payload=request.payload)

    def PingPong(self, requests, context):
        for request in requests:
            yield pb.PingPongResponse(payload=request.payload)

    def Download(self, request, context):
        message = pb.DownloadResponse(payload=bytes(request.payload_bytes))
        while context.is_active():
            yield message

    def Upload(self, requests, context):
        return pb.UploadResponse(count=sum(1 for _ in requests))


# A stream keeps its thread for as long as it is open.
threads = job.inFlight + 8 if job.kind == "ping-pong" else 16
server = grpc.server(futures.ThreadPoolExecutor(max_workers=threads), options=OPTIONS)
bench_pb2_grpc.add_BenchServiceServicer_to_server(Bench(), server)
server.add_insecure_port(address)
server.start()
print("ready", flush=True)
for line in sys.stdin:
    say(**usage())
server.stop(0)
