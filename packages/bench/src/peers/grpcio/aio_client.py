"""aio_client.py <address> <job>: grpcio's client on asyncio."""

import asyncio
import itertools
import os
import sys
import time

import grpc
from vyra.bench.v1 import bench_pb2 as pb
from vyra.bench.v1 import bench_pb2_grpc

from program import ANSWER_HEADER, REQUEST_HEADER, address, check, client_options, job, latency_us, payload, say, usage

channels = []
numbers = itertools.count()


async def connect():
    channel = grpc.aio.insecure_channel(address, options=client_options(len(channels)))
    await channel.channel_ready()
    channels.append(channel)
    return bench_pb2_grpc.BenchServiceStub(channel)


async def call(stub):
    if not job.withExtras:
        check(await stub.Echo(pb.EchoRequest(payload=payload)))
        return
    calling = stub.Echo(pb.EchoRequest(payload=payload), timeout=10, metadata=((REQUEST_HEADER, str(next(numbers))),))
    assert dict(await calling.initial_metadata())[ANSWER_HEADER]
    check(await calling)


class PingPong:
    def __init__(self, stub):
        self.stream = stub.PingPong()

    async def exchange(self):
        await self.stream.write(pb.PingPongRequest(payload=payload))
        check(await self.stream.read())

    async def end(self):
        await self.stream.done_writing()
        await self.stream.read()


async def keep_busy(seconds, open_one):
    """As many tasks as there are exchanges under way."""
    latencies = []
    started_at = time.perf_counter()

    async def run(i):
        exchange, end = open_one(i)
        last = time.perf_counter()
        while not latencies or last - started_at < seconds:
            await exchange()
            now = time.perf_counter()
            latencies.append(now - last)
            last = now
        await end()

    await asyncio.gather(*(run(i) for i in range(job.inFlight)))
    taken = time.perf_counter() - started_at
    return {"count": len(latencies), "seconds": taken, "latencyUs": latency_us(latencies)}


async def nothing():
    pass


async def calls(stubs, seconds):
    return await keep_busy(seconds, lambda i: (lambda: call(stubs[i % len(stubs)]), nothing))


async def ping_pong(stubs, seconds):
    def open_one(i):
        stream = PingPong(stubs[i % len(stubs)])
        return stream.exchange, stream.end

    return await keep_busy(seconds, open_one)


async def download(stubs, seconds):
    started_at = time.perf_counter()
    stream = stubs[0].Download(pb.DownloadRequest(payload_bytes=job.payloadBytes))
    count = 0
    async for message in stream:
        check(message)
        count += 1
        taken = time.perf_counter() - started_at
        if taken >= seconds:
            stream.cancel()
            return {"count": count, "seconds": taken}


async def upload(stubs, seconds):
    started_at = time.perf_counter()
    sent = 0

    async def requests():
        nonlocal sent
        while time.perf_counter() - started_at < seconds:
            sent += 1
            yield pb.UploadRequest(payload=payload)

    received = (await stubs[0].Upload(requests())).count
    assert received == sent, f"sent {sent} messages, {received} arrived"
    return {"count": sent, "seconds": time.perf_counter() - started_at}


held = []


async def hold(stubs, _seconds):
    if not held:
        held.append(stubs[0])
        return await once(stubs, 0)
    if job.streams > 0:
        for _ in range(job.streams):
            held.append(PingPong(stubs[0]))
            await held[-1].exchange()
    else:
        for _ in range(job.connections):
            held.append(await connect())
            await call(held[-1])
    return {"count": job.streams or job.connections, "seconds": 0}


async def once(stubs, _seconds):
    started_at = time.perf_counter()
    await call(stubs[0])
    return {"count": 1, "seconds": time.perf_counter() - started_at}


LOADS = {
    "calls": calls,
    "ping-pong": ping_pong,
    "download": download,
    "upload": upload,
    "hold": hold,
    "first-call": once,
}


async def main():
    load = LOADS[job.kind]
    stubs = [await connect() for _ in range(1 if job.kind == "hold" else job.connections)]
    if job.kind == "first-call":
        tally = await load(stubs, 0)
        say(at="done", usage=usage(), **tally)
    else:
        say(at="ready", usage=usage())
    while line := await asyncio.to_thread(sys.stdin.readline):
        tally = await load(stubs, float(line.split()[1]) / 1000)
        say(at="done", usage=usage(), **tally)
    os._exit(0)  # what is held needs no orderly end


asyncio.run(main())
