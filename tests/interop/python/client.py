"""client.py <address> <case>...: the cases, by the synchronous API of grpcio."""

import itertools
import queue
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
    def __init__(self, address):
        self.channel = grpc.insecure_channel(address)
        self.test = TestServiceStub(self.channel)
        self.probe = ProbeServiceStub(self.channel)

    # gRPC's own cases

    def empty_unary(self):
        expect_equal(self.test.EmptyCall(empty_pb2.Empty(), timeout=TIMEOUT_S), empty_pb2.Empty(), "response")

    def large_unary(self):
        response = self.test.UnaryCall(large_request(), timeout=TIMEOUT_S)
        expect_equal(response.payload.body, bytes(314159), "payload")

    def client_streaming(self):
        response = self.test.StreamingInputCall(map(input_request, REQUEST_SIZES), timeout=TIMEOUT_S)
        expect_equal(response.aggregated_payload_size, 74922, "size")

    def server_streaming(self):
        call = self.test.StreamingOutputCall(output_request(*map(parameters, RESPONSE_SIZES)), timeout=TIMEOUT_S)
        expect_equal([len(response.payload.body) for response in call], list(RESPONSE_SIZES), "sizes")

    def ping_pong(self):
        with Requests() as requests:
            call = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S)
            for index, size in enumerate(RESPONSE_SIZES):
                requests.send(ping(index))
                expect_equal(len(next(call).payload.body), size, "size")
        expect_equal(list(call), [], "responses after half-close")

    def empty_stream(self):
        expect_equal(list(self.test.FullDuplexCall(iter(()), timeout=TIMEOUT_S)), [], "responses")

    def client_compressed_unary(self):
        request = large_request(expect_compressed=messages.BoolValue(value=True))
        expect_status(failure(lambda: self.test.UnaryCall(request, timeout=TIMEOUT_S)), Code.INVALID_ARGUMENT)
        self.client_compressed_unary_noprobe()

    def client_compressed_unary_noprobe(self):
        for compressed in (True, False):
            request = large_request(expect_compressed=messages.BoolValue(value=compressed))
            compression = grpc.Compression.Gzip if compressed else grpc.Compression.NoCompression
            response = self.test.UnaryCall(request, timeout=TIMEOUT_S, compression=compression)
            expect_equal(len(response.payload.body), 314159, "size")

    def client_compressed_streaming(self):
        call = lambda: self.test.StreamingInputCall(iter([input_request(27182, True)]), timeout=TIMEOUT_S)
        expect_status(failure(call), Code.INVALID_ARGUMENT)
        self.client_compressed_streaming_noprobe()

    def client_compressed_streaming_noprobe(self):
        # grpcio compresses a call's requests all or none: the second, meant to go uncompressed, expects nothing here.
        requests = iter([input_request(27182, True), input_request(45904)])
        response = self.test.StreamingInputCall(requests, timeout=TIMEOUT_S, compression=grpc.Compression.Gzip)
        expect_equal(response.aggregated_payload_size, 73086, "size")

    def server_compressed_unary(self):
        for compressed in (True, False):
            request = large_request(response_compressed=messages.BoolValue(value=compressed))
            expect_equal(len(self.test.UnaryCall(request, timeout=TIMEOUT_S).payload.body), 314159, "size")

    def server_compressed_streaming(self):
        request = output_request(parameters(31415, True), parameters(92653, False))
        call = self.test.StreamingOutputCall(request, timeout=TIMEOUT_S)
        expect_equal([len(response.payload.body) for response in call], [31415, 92653], "sizes")

    def custom_metadata(self):
        metadata = ((INITIAL_KEY, INITIAL_VALUE), (TRAILING_KEY, TRAILING_VALUE))
        request = messages.SimpleRequest(response_size=1, payload=payload(1))
        _, unary = self.test.UnaryCall.with_call(request, timeout=TIMEOUT_S, metadata=metadata)
        requests = iter([messages.StreamingOutputCallRequest(response_parameters=[parameters(1)], payload=payload(1))])
        stream = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S, metadata=metadata)
        expect_equal(len(list(stream)), 1, "responses")
        for call in (unary, stream):
            expect_equal(dict(call.initial_metadata()).get(INITIAL_KEY), INITIAL_VALUE, "header")
            expect_equal(dict(call.trailing_metadata()).get(TRAILING_KEY), TRAILING_VALUE, "trailer")

    def status_code_and_message(self):
        status = echo_status(Code.UNKNOWN, "test status message")
        unary = lambda: self.test.UnaryCall(messages.SimpleRequest(response_status=status), timeout=TIMEOUT_S)
        expect_status(failure(unary), Code.UNKNOWN, status.message)
        requests = iter([messages.StreamingOutputCallRequest(response_status=status)])
        duplex = lambda: list(self.test.FullDuplexCall(requests, timeout=TIMEOUT_S))
        expect_status(failure(duplex), Code.UNKNOWN, status.message)

    def special_status_message(self):
        request = messages.SimpleRequest(response_status=echo_status(Code.UNKNOWN, SPECIAL_MESSAGE))
        expect_status(failure(lambda: self.test.UnaryCall(request, timeout=TIMEOUT_S)), Code.UNKNOWN, SPECIAL_MESSAGE)

    def unimplemented_method(self):
        call = lambda: self.test.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S)
        expect_status(failure(call), Code.UNIMPLEMENTED)

    def unimplemented_service(self):
        stub = UnimplementedServiceStub(self.channel)
        expect_status(failure(lambda: stub.UnimplementedCall(empty_pb2.Empty(), timeout=TIMEOUT_S)), Code.UNIMPLEMENTED)

    def cancel_after_begin(self):
        with Requests() as requests:
            call = self.test.StreamingInputCall.future(requests, timeout=TIMEOUT_S)
            call.cancel()
            expect(call.cancelled(), "the call does not say that it was cancelled")
            expect_equal(call.code(), Code.CANCELLED, "status")

    def cancel_after_first_response(self):
        with Requests() as requests:
            call = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S)
            requests.send(ping(0))
            next(call)
            call.cancel()
            expect_status(failure(lambda: next(call)), Code.CANCELLED)

    def timeout_on_sleeping_server(self):
        with Requests() as requests:
            call = self.test.FullDuplexCall(requests, timeout=0.001)
            requests.send(messages.StreamingOutputCallRequest(payload=payload(27182)))
            expect_status(failure(lambda: next(call)), Code.DEADLINE_EXCEEDED)

    # ours

    def four_mb_unary(self):
        request = messages.SimpleRequest(response_size=FOUR_MB, payload=payload(FOUR_MB))
        expect_equal(len(self.test.UnaryCall(request, timeout=2 * TIMEOUT_S).payload.body), FOUR_MB, "size")

    def four_mb_stream(self):
        one = messages.StreamingOutputCallRequest(response_parameters=[parameters(FOUR_MB)], payload=payload(FOUR_MB))
        call = self.test.FullDuplexCall(itertools.repeat(one, 4), timeout=4 * TIMEOUT_S)
        expect_equal([len(response.payload.body) for response in call], [FOUR_MB] * 4, "sizes")

    def concurrent_calls(self):
        sizes = range(0, 2000, 10)
        requests = [messages.SimpleRequest(response_size=size) for size in sizes]
        calls = [self.test.UnaryCall.future(request, timeout=TIMEOUT_S) for request in requests]
        expect_equal([len(call.result().payload.body) for call in calls], list(sizes), "sizes")

    def metadata_unary(self):
        response, call = self.probe.Observe.with_call(probe.ObserveRequest(), timeout=TIMEOUT_S, metadata=METADATA)
        expect_observed(response)
        expect_echo(call.initial_metadata(), call.trailing_metadata())

    def metadata_stream(self):
        call = self.probe.ObserveStream(iter([probe.ObserveRequest()] * 2), timeout=TIMEOUT_S, metadata=METADATA)
        responses = list(call)
        expect_equal(len(responses), 2, "responses")
        for response in responses:
            expect_observed(response)
        expect_echo(call.initial_metadata(), call.trailing_metadata())

    def metadata_on_error(self):
        call = lambda: self.probe.Fail(FAILURE, timeout=TIMEOUT_S, metadata=METADATA)
        error = failure(call)
        expect_status(error, Code.FAILED_PRECONDITION)
        # A server may answer with trailers alone; then they hold everything.
        expect_metadata((*error.initial_metadata(), *error.trailing_metadata()), "x-head-", "headers")
        expect_metadata(error.trailing_metadata(), "x-tail-", "trailers")

    def error_details(self):
        expect_detail(failure(lambda: self.probe.Fail(FAILURE, timeout=TIMEOUT_S)))

    def error_details_stream(self):
        request = probe.FailRequest()
        request.CopyFrom(FAILURE)
        request.after = 3
        call = self.probe.FailStream(request, timeout=TIMEOUT_S)
        for _ in range(3):
            next(call)
        expect_detail(failure(lambda: next(call)))

    def status_before_half_close(self):
        with Requests() as requests:
            call = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S)
            requests.send(messages.StreamingOutputCallRequest(response_status=echo_status(Code.ABORTED, "enough")))
            expect_status(failure(lambda: next(call)), Code.ABORTED, "enough")

    def status_during_upload(self):
        refuse = messages.StreamingOutputCallRequest(response_status=echo_status(Code.ABORTED, "enough"))
        more = messages.StreamingOutputCallRequest(payload=payload(1_000_000))
        requests = itertools.chain([refuse], itertools.repeat(more, 8))
        call = self.test.FullDuplexCall(requests, timeout=TIMEOUT_S)
        expect_status(failure(lambda: next(call)), Code.ABORTED, "enough")

    def cancel_seen_unary(self):
        key = str(uuid.uuid4())
        call = self.probe.Hang.future(probe.HangRequest(key=key), timeout=TIMEOUT_S)
        time.sleep(0.2)
        call.cancel()
        expect_equal(call.code(), Code.CANCELLED, "status")
        self.expect_ended(key)

    def cancel_seen_stream(self):
        key = str(uuid.uuid4())
        with Requests() as requests:
            call = self.probe.HangStream(requests, timeout=TIMEOUT_S)
            requests.send(probe.HangRequest(key=key))
            next(call)
            call.cancel()
            expect_status(failure(lambda: next(call)), Code.CANCELLED)
            self.expect_ended(key)

    def deadline_of_client(self):
        key = str(uuid.uuid4())
        watch = Stopwatch()
        error = failure(lambda: self.probe.Hang(probe.HangRequest(key=key), timeout=0.3))
        expect_status(error, Code.DEADLINE_EXCEEDED)
        watch.expect_between(0.25, 2)
        self.expect_ended(key)

    def deadline_on_wire(self):
        observation = self.probe.Observe(probe.ObserveRequest(), timeout=TIMEOUT_S)
        expect(observation.HasField("timeout_ms"), "the server saw no deadline")
        expect(3000 < observation.timeout_ms <= 5100, f"the server saw {observation.timeout_ms} ms, want at most 5000")

    def server_gone_and_back(self):
        self.empty_unary()
        ask("stop")
        expect_status(failure(self.empty_unary), Code.UNAVAILABLE)
        ask("start")
        deadline = time.monotonic() + 10
        while True:
            error = failure(self.empty_unary)
            if error is None:
                return
            expect_status(error, Code.UNAVAILABLE)
            expect(time.monotonic() < deadline, "no call succeeded within 10 s of the server's return")
            time.sleep(0.05)

    def expect_ended(self, key):
        response = self.probe.Ended(probe.EndedRequest(key=key), timeout=TIMEOUT_S)
        expect(response.ended, "the handler did not see the end of the call")


class Requests:
    """An iterator of requests that are sent one by one; leaving its block half-closes the call."""

    def __init__(self):
        self._queue = queue.Queue()
        self.send = self._queue.put

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._queue.put(None)

    def __iter__(self):
        return self

    def __next__(self):
        request = self._queue.get()
        if request is None:
            raise StopIteration
        return request


def failure(call):
    """The error that a call ends with, or None."""
    try:
        call()
    except grpc.RpcError as error:
        return error
    return None


def main(address, cases):
    client = Client(address)
    passed = True
    for case in cases:
        try:
            getattr(client, case)()
            report(case)
        except Exception as error:
            passed = False
            report(case, error)
    client.channel.close()
    return 0 if passed else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
