"""client.py <address> <job>: grpcio's blocking client; calls under way at the same time are its futures."""

import itertools
import os
import queue
import sys
import threading
import time

import grpc
from grpc import experimental
from vyra.bench.v1 import bench_pb2 as pb
from vyra.bench.v1 import bench_pb2_grpc

from program import ANSWER_HEADER, REQUEST_HEADER, address, check, client_options, job, latency_us, payload, say, usage

channels = []
numbers = itertools.count()


def connect():
    # gRPC's guide to performance recommends this option for server streaming.
    options = [(experimental.ChannelOptions.SingleThreadedUnaryStream, 1), *client_options(len(channels))]
    channel = grpc.insecure_channel(address, options=options)
    grpc.channel_ready_future(channel).result()
    channels.append(channel)
    return bench_pb2_grpc.BenchServiceStub(channel)


def extras():
    return {"timeout": 10, "metadata": ((REQUEST_HEADER, str(next(numbers))),)} if job.withExtras else {}


def call(stub):
    answer, details = stub.Echo.with_call(pb.EchoRequest(payload=payload), **extras())
    if job.withExtras:
        assert dict(details.initial_metadata())[ANSWER_HEADER]
    check(answer)


def calls(stubs, seconds):
    return one_by_one(stubs[0], seconds) if job.inFlight == 1 else many(stubs, seconds)


def one_by_one(stub, seconds):
    latencies = []
    started_at = last = time.perf_counter()
    while not latencies or last - started_at < seconds:
        call(stub)
        now = time.perf_counter()
        latencies.append(now - last)
        last = now
    return {"count": len(latencies), "seconds": last - started_at, "latencyUs": latency_us(latencies)}


def many(stubs, seconds):
    latencies = []
    over = queue.SimpleQueue()
    started_at = time.perf_counter()

    def start(stub):
        called_at = time.perf_counter()

        def done(future):
            check(future.result())
            now = time.perf_counter()
            latencies.append(now - called_at)
            if now - started_at < seconds:
                start(stub)
            else:
                over.put(None)

        stub.Echo.future(pb.EchoRequest(payload=payload), **extras()).add_done_callback(done)

    for i in range(job.inFlight):
        start(stubs[i % len(stubs)])
    for _ in range(job.inFlight):
        over.get()
    taken = time.perf_counter() - started_at
    return {"count": len(latencies), "seconds": taken, "latencyUs": latency_us(latencies)}


class PingPong:
    """A stream whose requests come from a queue, as a generator."""

    def __init__(self, stub):
        self.requests = queue.SimpleQueue()
        self.answers = stub.PingPong(iter(self.requests.get, None))

    def exchange(self):
        self.requests.put(pb.PingPongRequest(payload=payload))
        check(next(self.answers))

    def end(self):
        self.requests.put(None)
        for _ in self.answers:
            pass


def ping_pong(stubs, seconds):
    latencies = []
    started_at = time.perf_counter()

    def run(stub):
        stream = PingPong(stub)
        last = time.perf_counter()
        while not latencies or last - started_at < seconds:
            stream.exchange()
            now = time.perf_counter()
            latencies.append(now - last)
            last = now
        stream.end()

    threads = [threading.Thread(target=run, args=(stubs[i % len(stubs)],)) for i in range(job.inFlight)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    taken = time.perf_counter() - started_at
    return {"count": len(latencies), "seconds": taken, "latencyUs": latency_us(latencies)}


def download(stubs, seconds):
    started_at = time.perf_counter()
    stream = stubs[0].Download(pb.DownloadRequest(payload_bytes=job.payloadBytes))
    for count, message in enumerate(stream, 1):
        check(message)
        taken = time.perf_counter() - started_at
        if taken >= seconds:
            stream.cancel()
            return {"count": count, "seconds": taken}


def upload(stubs, seconds):
    started_at = time.perf_counter()
    sent = 0

    def requests():
        nonlocal sent
        while time.perf_counter() - started_at < seconds:
            sent += 1
            yield pb.UploadRequest(payload=payload)

    received = stubs[0].Upload(requests()).count
    assert received == sent, f"sent {sent} messages, {received} arrived"
    return {"count": sent, "seconds": time.perf_counter() - started_at}


held = []


def hold(stubs, _seconds):
    if not held:
        held.append(stubs[0])
        return once(stubs, 0)
    if job.streams > 0:
        for _ in range(job.streams):
            held.append(PingPong(stubs[0]))
            held[-1].exchange()
    else:
        for _ in range(job.connections):
            held.append(connect())
            call(held[-1])
    return {"count": job.streams or job.connections, "seconds": 0}


def once(stubs, _seconds):
    started_at = time.perf_counter()
    call(stubs[0])
    return {"count": 1, "seconds": time.perf_counter() - started_at}


LOADS = {
    "calls": calls,
    "ping-pong": ping_pong,
    "download": download,
    "upload": upload,
    "hold": hold,
    "first-call": once,
}

load = LOADS[job.kind]
stubs = [connect() for _ in range(1 if job.kind == "hold" else job.connections)]
if job.kind == "first-call":
    tally = load(stubs, 0)
    say(at="done", usage=usage(), **tally)
else:
    say(at="ready", usage=usage())
for line in sys.stdin:
    tally = load(stubs, float(line.split()[1]) / 1000)
    say(at="done", usage=usage(), **tally)
os._exit(0)  # what is held needs no orderly end
