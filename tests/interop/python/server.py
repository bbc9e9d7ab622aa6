"""server.py <address>: the test services on grpcio's threaded server."""

import signal
import sys
import threading
from concurrent import futures

import grpc
from google.protobuf import any_pb2
from google.rpc import status_pb2

from common import INITIAL_KEY, TRAILING_KEY, payload
from protos import empty_pb2, messages_pb2 as messages
from protos import probe_pb2 as probe
from protos.probe_pb2_grpc import ProbeServiceServicer, add_ProbeServiceServicer_to_server
from protos.test_pb2_grpc import TestServiceServicer, add_TestServiceServicer_to_server

CODES = {code.value[0]: code for code in grpc.StatusCode}


class Test(TestServiceServicer):
    def EmptyCall(self, request, context):
        return empty_pb2.Empty()

    def UnaryCall(self, request, context):
        echo_test_metadata(context)
        abort_as_asked(request, context)
        if request.response_compressed.value:
            context.set_compression(grpc.Compression.Gzip)
        return messages.SimpleResponse(payload=payload(request.response_size))

    def StreamingOutputCall(self, request, context):
        if any(wanted.compressed.value for wanted in request.response_parameters):
            context.set_compression(grpc.Compression.Gzip)
        yield from outputs(request, context)

    def StreamingInputCall(self, requests, context):
        size = sum(len(request.payload.body) for request in requests)
        return messages.StreamingInputCallResponse(aggregated_payload_size=size)

    def FullDuplexCall(self, requests, context):
        echo_test_metadata(context)
        for request in requests:
            abort_as_asked(request, context)
            yield from outputs(request, context)


class Probe(ProbeServiceServicer):
    def __init__(self):
        self._ended = {}

    def Observe(self, request, context):
        echo(context)
        return observe(context)

    def ObserveStream(self, requests, context):
        echo(context)
        for _ in requests:
            yield observe(context)

    def Fail(self, request, context):
        context.send_initial_metadata(prefixed(context, "x-head-"))
        fail(request, context)

    def FailStream(self, request, context):
        context.send_initial_metadata(prefixed(context, "x-head-"))
        for _ in range(request.after):
            yield probe.Observation()
        fail(request, context)

    def Hang(self, request, context):
        over = self._event(request.key)
        if not context.add_callback(over.set):
            over.set()
        over.wait()
        return probe.Observation()

    def HangStream(self, requests, context):
        key = next(requests).key
        # Asked for before the response: grpcio does not go on with a generator whose call is over.
        context.add_callback(self._event(key).set)
        yield probe.Observation()
        self._event(key).wait()

    def Ended(self, request, context):
        return probe.EndedResponse(ended=self._event(request.key).wait(2))

    def _event(self, key):
        return self._ended.setdefault(key, threading.Event())


def outputs(request, context):
    for wanted in request.response_parameters:
        if wanted.HasField("compressed") and not wanted.compressed.value:
            context.disable_next_message_compression()
        yield messages.StreamingOutputCallResponse(payload=payload(wanted.size))


def echo_test_metadata(context):
    metadata = dict(context.invocation_metadata())
    if INITIAL_KEY in metadata:
        context.send_initial_metadata(((INITIAL_KEY, metadata[INITIAL_KEY]),))
    if TRAILING_KEY in metadata:
        context.set_trailing_metadata(((TRAILING_KEY, metadata[TRAILING_KEY]),))


def abort_as_asked(request, context):
    if request.response_status.code != 0:
        context.abort(CODES[request.response_status.code], request.response_status.message)


def prefixed(context, prefix):
    return tuple((key, value) for key, value in context.invocation_metadata() if key.startswith(prefix))


def echo(context):
    context.send_initial_metadata(prefixed(context, "x-head-"))
    context.set_trailing_metadata(prefixed(context, "x-tail-"))


def observe(context):
    observation = probe.Observation()
    for key, value in prefixed(context, "x-"):
        observation.metadata.add(key=key, value=value if isinstance(value, bytes) else value.encode())
    remaining_s = context.time_remaining()
    # The threaded server gives some 292 billion years for a call without a deadline, asyncio's None.
    if remaining_s is not None and remaining_s < 1e9:
        observation.timeout_ms = int(remaining_s * 1000)
    return observation


def failure_trailers(request, context):
    """The trailers of a failure: what the call asks to be echoed, and the status with its detail."""
    status = status_pb2.Status(code=request.code, message=request.message)
    if request.HasField("detail"):
        packed = any_pb2.Any()
        packed.Pack(request.detail)
        status.details.append(packed)
    return (*prefixed(context, "x-tail-"), ("grpc-status-details-bin", status.SerializeToString()))


def fail(request, context):
    context.set_trailing_metadata(failure_trailers(request, context))
    context.abort(CODES[request.code], request.message)


def main(address):
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=32))
    add_TestServiceServicer_to_server(Test(), server)
    add_ProbeServiceServicer_to_server(Probe(), server)
    server.add_insecure_port(address)
    server.start()
    stopped = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stopped.set())
    print("ready", flush=True)
    stopped.wait()
    server.stop(grace=1).wait()


if __name__ == "__main__":
    main(sys.argv[1])
