"""aio_server.py <address> <job>: grpcio's server on asyncio."""

import asyncio
import sys

import grpc
from vyra.bench.v1 import bench_pb2 as pb
from vyra.bench.v1 import bench_pb2_grpc

from program import ANSWER_HEADER, OPTIONS, REQUEST_HEADER, address, job, say, usage


class Bench(bench_pb2_grpc.BenchServiceServicer):
    async def Echo(self, request, context):
        context.time_remaining()
        if job.withExtras:
            await context.send_initial_metadata(((ANSWER_HEADER, dict(context.invocation_metadata())[REQUEST_HEADER]),))
        return pb.EchoResponse(payload=request.payload)

    async def PingPong(self, requests, context):
        async for request in requests:
            yield pb.PingPongResponse(payload=request.payload)

    async def Download(self, request, context):
        message = pb.DownloadResponse(payload=bytes(request.payload_bytes))
        while True:
            yield message

    async def Upload(self, requests, context):
        count = 0
        async for _ in requests:
            count += 1
        return pb.UploadResponse(count=count)


async def main():
    server = grpc.aio.server(options=OPTIONS)
    bench_pb2_grpc.add_BenchServiceServicer_to_server(Bench(), server)
    server.add_insecure_port(address)
    await server.start()
    print("ready", flush=True)
    while await asyncio.to_thread(sys.stdin.readline):
        say(**usage())
    await server.stop(0)


asyncio.run(main())
