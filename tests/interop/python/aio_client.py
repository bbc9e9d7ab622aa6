"""aio_client.py <address> <case>...: the cases, by grpcio's asyncio API."""

import asyncio
import itertools
import sys
import time
import uuid

import grpc

from common import *
from protos import empty_pb2, messages_pb2 as messages
from protos import probe_pb2 as probe
from protos.probe_pb2_grpc import ProbeServiceStub
from protos.test_pb2_grpc import TestServiceStub, UnimplementedServiceStub

Code = grpc.StatusCode


class Client:
    def __init__(self, channel):
        self.channel = channel
        self.test = TestServiceStub(channel)
        self.probe = ProbeServiceStub(channel)

    # gRPC's own cases

    async def empty_unary(self):
        expect_equal(await self.test.EmptyCall(empty_pb2.Empty(), timeout=TIMEOUT_S), empty_pb2.Empty(), "response")

    async def large_unary(self):
        response = await self.test.UnaryCall(large_request(), timeout=TIMEOUT_S)
        expect_equal(response.payload.body, bytes(314159), "payload")

    async def client_streaming(self):
        response = await self.test.StreamingInputCall(map(input_request, REQUEST_SIZES), timeout=TIMEOUT_S)
        expect_equal(response.aggregated_payload_size, 74922, "size")

    async def server_streaming(self):
        call = self.test.StreamingOutputCall(output_request(*map(parameters, RESPONSE_SIZES)), timeout=TIMEOUT_S)
        expect_equal(await sizes(call), list(RESPONSE_SIZES), "sizes")

    async def ping_pong(self):
        call = self.test.FullDuplexCall(timeout=TIMEOUT_S)
        for index, size in enumerate(RESPONSE_SIZES):
            await call.write(ping(index))
            expect_equal(len((await call.read()).payload.body), size, "size")
        await call.done_writing()
        expect_equal(await call.read(), grpc.aio.EOF, "response after half-close")

    async def empty_stream(self):
        expect_equal(await sizes(self.test.FullDuplexCall(iter(()), timeout=TIMEOUT_S)), [], "responses")

    async def client_compressed_unary(self):
        request = large_request(expect_compressed=messages.BoolValue(value=True))
        expect_status(await failure(self.test.UnaryCall(request, timeout=TIMEOUT_S)), Code.INVALID_ARGUMENT)
        await self.client_compressed_unary_noprobe()

    async def client_compressed_unary_noprobe(self):
        for compressed in (True, False):
            request = large_request(expect_compressed=messages.BoolValue(value=compressed))
            compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
            response = await self.test.UnaryCall(request, timeout=TIMEOUT_S, compression=compression)
            expect_equal(len(response.payload.body), 314159, "size")

    async def client_compressed_streaming(self):
        call = self.test.StreamingInputCall(iter([input_request(27182, True)]), timeout=TIMEOUT_S)
        expect_status(await failure(call), Code.INVALID_ARGUMENT)
        await self.client_compressed_streaming_noprobe()

    async def client_compressed_streaming_noprobe(self):
        # grpcio compresses a call's requests all or none: the second, meant to go uncompressed, expects nothing here.
        requests = iter([input_request(27182, True), input_request(45904)])
        response = await self.test.StreamingInputCall(requests, timeout=TIMEOUT_S, compression=grpc.Compression.Gzip)
        expect_equal(response.aggregated_payload_size, 73086, "size")

    async def server_compressed_unary(self):
        for compressed in (True, False):
            request = large_request(response_compressed=messages.BoolValue(value=compressed))
            response = await self.test.UnaryCall(request, timeout=TIMEOUT_S)
            expect_equal(len(response.payload.body), 314159, "size")

    async def server_compressed_streaming(self):
        request = output_request(parameters(31415, True), parameters(92653, False))
        call = self.test.StreamingOutputCall(request, timeout=TIMEOUT_S)
        expect_equal(await sizes(call), [31415, 92653], "sizes")

    async def custom_metadata(self):
        metadata = ((INITIAL_KEY, INITIAL_VALUE), (TRAILING_KEY, TRAILING_VALUE))
        request = messages.SimpleRequest(response_size=1, payload=payload(1))
        unary = self.test.UnaryCall(request, timeout=TIMEOUT_S, metadata=metadata)
        await unary
        requests = iter([messages.StreamingOutputCallRequest(response_parameters=[parameters(1)], payload=payload(1))])
        stream = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S, metadata=metadata)
        expect_equal(await sizes(stream), [1], "sizes")
        for call in (unary, stream):
            expect_equal(dict(await call.initial_metadata()).get(INITIAL_KEY), INITIAL_VALUE, "header")
            expect_equal(dict(await call.trailing_metadata()).get(TRAILING_KEY), TRAILING_VALUE, "trailer")

    async def status_code_and_message(self):
        status = echo_status(Code.UNKNOWN, "test status message")
        unary = self.test.UnaryCall(messages.SimpleRequest(response_status=status), timeout=TIMEOUT_S)
        expect_status(await failure(unary), Code.UNKNOWN, status.message)
        requests = iter([messages.StreamingOutputCallRequest(response_status=status)])
        stream = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S)
        expect_status(await failure(sizes(stream)), Code.UNKNOWN, status.message)

    async def special_status_message(self):
        request = messages.SimpleRequest(response_status=echo_status(Code.UNKNOWN, SPECIAL_MESSAGE))
        error = await failure(self.test.UnaryCall(request, timeout=TIMEOUT_S))
        expect_status(error, Code.UNKNOWN, SPECIAL_MESSAGE)

    async def unimplemented_method(self):
        call = self.test.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S)
        expect_status(await failure(call), Code.UNIMPLEMENTED)

    async def unimplemented_service(self):
        stub = UnimplementedServiceStub(self.channel)
        call = stub.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S)
        expect_status(await failure(call), Code.UNIMPLEMENTED)

    async def cancel_after_begin(self):
        call = self.test.StreamingInputCall(timeout=TIMEOUT_S)
        call.cancel()
        expect(call.cancelled(), "the call does not say that it was cancelled")
        expect_equal(await call.code(), Code.CANCELLED, "status")

    async def cancel_after_first_response(self):
        call = self.test.FullDuplexCall(timeout=TIMEOUT_S)
        await call.write(ping(0))
        await call.read()
        call.cancel()
        expect_equal(await call.code(), Code.CANCELLED, "status")

    async def timeout_on_sleeping_server(self):
        async def requests():
            yield messages.StreamingOutputCallRequest(payload=payload(27182))
            await asyncio.sleep(1)

        call = self.test.FullDuplexCall(requests(), timeout=0.001)
        expect_status(await failure(sizes(call)), Code.DEADLINE_EXCEEDED)

    # ours

    async def four_mb_unary(self):
        request = messages.SimpleRequest(response_size=FOUR_MB, payload=payload(FOUR_MB))
        response = await self.test.UnaryCall(request, timeout=2 * TIMEOUT_S)
        expect_equal(len(response.payload.body), FOUR_MB, "size")

    async def four_mb_stream(self):
        one = messages.StreamingOutputCallRequest(response_parameters=[parameters(FOUR_MB)], payload=payload(FOUR_MB))
        call = self.test.FullDuplexCall(itertools.repeat(one, 4), timeout=4 * TIMEOUT_S)
        expect_equal(await sizes(call), [FOUR_MB] * 4, "sizes")

    async def concurrent_calls(self):
        wanted = range(0, 2000, 10)
        calls = [self.test.UnaryCall(messages.SimpleRequest(response_size=size), timeout=TIMEOUT_S) for size in wanted]
        responses = await asyncio.gather(*calls)
        expect_equal([len(response.payload.body) for response in responses], list(wanted), "sizes")

    async def metadata_unary(self):
        call = self.probe.Observe(probe.ObserveRequest(), timeout=TIMEOUT_S, metadata=METADATA)
        expect_observed(await call)
        expect_echo(pairs(await call.initial_metadata()), pairs(await call.trailing_metadata()))

    async def metadata_stream(self):
        call = self.probe.ObserveStream(iter([probe.ObserveRequest()] * 2), timeout=TIMEOUT_S, metadata=METADATA)
        responses = [response async for response in call]
        expect_equal(len(responses), 2, "responses")
        for response in responses:
            expect_observed(response)
        expect_echo(pairs(await call.initial_metadata()), pairs(await call.trailing_metadata()))

    async def metadata_on_error(self):
        error = await failure(self.probe.Fail(FAILURE, timeout=TIMEOUT_S, metadata=METADATA))
        expect_status(error, Code.FAILED_PRECONDITION)
        # A server may answer with trailers alone; then they hold everything.
        both = pairs(error.initial_metadata()) + pairs(error.trailing_metadata())
        expect_metadata(both, "x-head-", "headers")
        expect_metadata(pairs(error.trailing_metadata()), "x-tail-", "trailers")

    async def error_details(self):
        expect_detail(await failure(self.probe.Fail(FAILURE, timeout=TIMEOUT_S)))

    async def error_details_stream(self):
        request = probe.FailRequest()
        request.CopyFrom(FAILURE)
        request.after = 3
        call = self.probe.FailStream(request, timeout=TIMEOUT_S)
        for _ in range(3):
            expect(await call.read() is not grpc.aio.EOF, "the stream ended early")
        expect_detail(await failure(call.read()))

    async def status_before_half_close(self):
        call = self.test.FullDuplexCall(timeout=TIMEOUT_S)
        await call.write(messages.StreamingOutputCallRequest(response_status=echo_status(Code.ABORTED, "enough")))
        expect_status(await failure(call.read()), Code.ABORTED, "enough")

    async def cancel_seen_unary(self):
        key = str(uuid.uuid4())
        call = self.probe.Hang(probe.HangRequest(key=key), timeout=TIMEOUT_S)
        await asyncio.sleep(0.2)
        call.cancel()
        expect_equal(await call.code(), Code.CANCELLED, "status")
        await self.expect_ended(key)

    async def cancel_seen_stream(self):
        key = str(uuid.uuid4())
        call = self.probe.HangStream(timeout=TIMEOUT_S)
        await call.write(probe.HangRequest(key=key))
        await call.read()
        call.cancel()
        expect_equal(await call.code(), Code.CANCELLED, "status")
        await self.expect_ended(key)

    async def deadline_of_client(self):
        key = str(uuid.uuid4())
        watch = Stopwatch()
        error = await failure(self.probe.Hang(probe.HangRequest(key=key), timeout=0.3))
        expect_status(error, Code.DEADLINE_EXCEEDED)
        watch.expect_between(0.25, 2)
        await self.expect_ended(key)

    async def deadline_on_wire(self):
        observation = await self.probe.Observe(probe.ObserveRequest(), timeout=TIMEOUT_S)
        expect(observation.HasField("timeout_ms"), "the server saw no deadline")
        expect(3000 < observation.timeout_ms <= 5100, f"the server saw {observation.timeout_ms} ms, want at most 5000")

    async def server_gone_and_back(self):
        await self.empty_unary()
        await asyncio.to_thread(ask, "stop")
        expect_status(await failure(self.empty_unary()), Code.UNAVAILABLE)
        await asyncio.to_thread(ask, "start")
        deadline = time.monotonic() + 10
        while (error := await failure(self.empty_unary())) is not None:
            expect_status(error, Code.UNAVAILABLE)
            expect(time.monotonic() < deadline, "no call succeeded within 10 s of the server's return")
            await asyncio.sleep(0.05)

    async def expect_ended(self, key):
        response = await self.probe.Ended(probe.EndedRequest(key=key), timeout=TIMEOUT_S)
        expect(response.ended, "the handler did not see the end of the call")


async def sizes(call):
    """The sizes of all responses of a stream."""
    return [len(response.payload.body) async for response in call]


def pairs(metadata):
    return tuple(metadata) if metadata is not None else ()


async def failure(awaitable):
    """The error that a call ends with, or None."""
    try:
        await awaitable
    except grpc.aio.AioRpcError as error:
        return error
    return None


async def main(address, cases):
    passed = True
    async with grpc.aio.insecure_channel(address) as channel:
        client = Client(channel)
        for case in cases:
            try:
                await getattr(client, case)()
                report(case)
            except Exception as error:
                passed = False
                report(case, error)
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(asyncio.run(main(sys.argv[1], sys.argv[2:])))
