"""aio_server.py <address>: the test services on grpcio's asyncio server."""

import asyncio
import signal
import sys

import grpc

from common import INITIAL_KEY, TRAILING_KEY, payload
from protos import empty_pb2, messages_pb2 as messages
from protos import probe_pb2 as probe
from protos.probe_pb2_grpc import ProbeServiceServicer, add_ProbeServiceServicer_to_server
from protos.test_pb2_grpc import TestServiceServicer, add_TestServiceServicer_to_server
from server import CODES, failure_trailers, observe, prefixed


class Test(TestServiceServicer):
    async def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    async def UnaryCall(self, request, context):
        await echo_test_metadata(context)
        await abort_as_asked(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
            # grpcio's asyncio server forgets the compression of a unary call whose headers it sends by itself.
            await context.send_initial_metadata(())
        return messages.SimpleResponse(payload=payload(request.response_size))

    async def StreamingOutputCall(self, request, context):
        if any(wanted.compressed.value for wanted in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        await outputs(request, context)

    async def StreamingInputCall(self, requests, context):
        size = 0
        async for request in requests:
            size += len(request.payload.body)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    async def FullDuplexCall(self, requests, context):
        await echo_test_metadata(context)
        async for request in requests:
            await abort_as_asked(request, context)
            await outputs(request, context)


class Probe(ProbeServiceServicer):
    def __init__(self):
        self._ended = {}

    async def Observe(self, request, context):
        await echo(context)
        return observe(context)

    async def ObserveStream(self, requests, context):
        await echo(context)
        async for _ in requests:
            await context.write(observe(context))

    async def Fail(self, request, context):
        await context.send_initial_metadata(prefixed(context, "x-head-"))
        await fail(request, context)

    async def FailStream(self, request, context):
        await context.send_initial_metadata(prefixed(context, "x-head-"))
        for _ in range(request.after):
            await context.write(probe.Observation())
        await fail(request, context)

    async def Hang(self, request, context):
        await self._until_cancelled(request.key)

    async def HangStream(self, requests, context):
        request = await context.read()
        # The cancellation may come before the response is wholly out.
        await self._until_cancelled(request.key, context.write(probe.Observation()))

    async def Ended(self, request, context):
        try:
            await asyncio.wait_for(self._event(request.key).wait(), 2)
            return probe.EndedResponse(ended=True)
        except asyncio.TimeoutError:
            return probe.EndedResponse(ended=False)

    async def _until_cancelled(self, key, response=None):
        try:
            if response is not None:
                await response
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            self._event(key).set()
            raise

    def _event(self, key):
        return self._ended.setdefault(key, asyncio.Event())


async def outputs(request, context):
    for wanted in request.response_parameters:
        if wanted.HasField("compressed") and not wanted.compressed.value:
            context.disable_next_message_compression()
        await context.write(messages.StreamingOutputCallResponse(payload=payload(wanted.size)))


async def echo_test_metadata(context):
    metadata = dict(context.invocation_metadata())
    if INITIAL_KEY in metadata:
        await context.send_initial_metadata(((INITIAL_KEY, metadata[INITIAL_KEY]),))
    if TRAILING_KEY in metadata:
        context.set_trailing_metadata(((TRAILING_KEY, metadata[TRAILING_KEY]),))


async def abort_as_asked(request, context):
    if request.response_status.code != 0:
        await context.abort(CODES[request.response_status.code], request.response_status.message)


async def echo(context):
    await context.send_initial_metadata(prefixed(context, "x-head-"))
    context.set_trailing_metadata(prefixed(context, "x-tail-"))


async def fail(request, context):
    context.set_trailing_metadata(failure_trailers(request, context))
    await context.abort(CODES[request.code], request.message)


async def main(address):
    server = grpc.aio.server()
    add_TestServiceServicer_to_server(Test(), server)
    add_ProbeServiceServicer_to_server(Probe(), server)
    server.add_insecure_port(address)
    await server.start()
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    print("ready", flush=True)
    await stopped.wait()
    await server.stop(grace=1)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
