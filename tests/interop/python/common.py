"""What the Python clients have in common: the values of the cases, and the line protocol spoken with the runner."""

import sys
import time

import grpc
from google.rpc import status_pb2
from grpc_status import rpc_status

from protos import messages_pb2 as messages
from protos import probe_pb2 as probe

TIMEOUT_S = 5.0
FOUR_MB = 4_000_000

REQUEST_SIZES = (27182, 8, 1828, 45904)
RESPONSE_SIZES = (31415, 9, 2653, 58979)
SPECIAL_MESSAGE = "\t\ntest with whitespace\r\nand Unicode BMP ☺ and non-BMP 😈\t\n"

INITIAL_KEY, INITIAL_VALUE = "x-grpc-test-echo-initial", "test_initial_metadata_value"
TRAILING_KEY, TRAILING_VALUE = "x-grpc-test-echo-trailing-bin", b"\x0a\x0b\x0a\x0b\x0a\x0b"

ALL_BYTES = bytes(range(256))
METADATA = (
    ("x-head-text", "one"),
    ("x-head-text", "two"),
    ("x-head-comma", "a, b"),
    ("x-head-empty", ""),
    ("x-head-bytes-bin", ALL_BYTES),
    ("x-head-bytes-bin", b"\x00\xff"),
    ("x-tail-text", "three"),
    ("x-tail-text", "four"),
    ("x-tail-bytes-bin", b"\x00"),
    ("x-tail-bytes-bin", b"\x01\x02"),
)

FAILURE = probe.FailRequest(
    code=grpc.StatusCode.FAILED_PRECONDITION.value[0],
    message="not yet: ☺",
    detail=probe.ErrorReason(reason="NOT_READY", domain="vyra.ipc", metadata={"module": "camera"}),
)


class Failed(Exception):
    """The case did not go as described."""


def expect(condition, reason):
    if not condition:
        raise Failed(reason)


def expect_equal(actual, wanted, what):
    expect(actual == wanted, f"{what}: got {short(actual)}, want {short(wanted)}")


def expect_status(error, code, message=None):
    expect(error is not None, f"the call succeeded, want {code.name}")
    expect_equal(error.code(), code, f"status of {error.details()!r}")
    if message is not None:
        expect_equal(error.details(), message, "status message")


def expect_detail(error):
    """Checks that an error is FAILURE, its detail included."""
    expect_status(error, grpc.StatusCode.FAILED_PRECONDITION, FAILURE.message)
    raw = dict(error.trailing_metadata() or ()).get("grpc-status-details-bin")
    expect(raw is not None, "the error has no grpc-status-details-bin")
    is_aio = isinstance(error, grpc.aio.AioRpcError)
    status = status_pb2.Status.FromString(raw) if is_aio else rpc_status.from_call(error)
    expect_equal(len(status.details), 1, "number of details")
    detail = probe.ErrorReason()
    expect(status.details[0].Unpack(detail), f"detail has type {status.details[0].type_url}")
    expect_equal(detail, FAILURE.detail, "detail")


def expect_metadata(seen, prefix, where):
    """Checks that a list of (key, value) holds the entries of METADATA whose keys start with the prefix."""
    keys = sorted({key for key, _ in METADATA if key.startswith(prefix)})
    for key in keys:
        expect_equal(values_of(seen, key), values_of(METADATA, key), f"{key} in {where}")


def expect_echo(headers, trailers):
    expect_metadata(headers, "x-head-", "headers")
    expect_metadata(trailers, "x-tail-", "trailers")


def expect_observed(observation):
    pairs = [(m.key, m.value if m.key.endswith("-bin") else m.value.decode()) for m in observation.metadata]
    expect_metadata(pairs, "x-", "what the server saw")


def values_of(pairs, key):
    """The values of a key; those of a text key joined, as every hop may join them (with or without a space)."""
    values = [value for k, value in pairs if k == key]
    return values if key.endswith("-bin") else ",".join(values).replace(", ", ",")


def payload(size):
    return messages.Payload(body=bytes(size))


def large_request(**more):
    return messages.SimpleRequest(response_size=314159, payload=payload(271828), **more)


def ping(index):
    return messages.StreamingOutputCallRequest(
        response_parameters=[messages.ResponseParameters(size=RESPONSE_SIZES[index])],
        payload=payload(REQUEST_SIZES[index]),
    )


def output_request(*parameters):
    return messages.StreamingOutputCallRequest(response_parameters=parameters)


def parameters(size, compressed=None):
    if compressed is None:
        return messages.ResponseParameters(size=size)
    return messages.ResponseParameters(size=size, compressed=messages.BoolValue(value=compressed))


def input_request(size, compressed=None):
    if compressed is None:
        return messages.StreamingInputCallRequest(payload=payload(size))
    expected = messages.BoolValue(value=compressed)
    return messages.StreamingInputCallRequest(payload=payload(size), expect_compressed=expected)


def echo_status(code, message):
    return messages.EchoStatus(code=code.value[0], message=message)


def short(value):
    text = repr(value)
    return text if len(text) <= 120 else text[:117] + "..."


def ask(what):
    """Has the runner do something to the server ("stop", "start") and waits until it is done."""
    print(f"ASK {what}", flush=True)
    sys.stdin.readline()


def report(case, error=None):
    if error is None:
        print(f"PASS {case}", flush=True)
    else:
        reason = str(error) if isinstance(error, Failed) else f"{type(error).__name__}: {error}"
        print(f"FAIL {case} {' '.join(reason.split())}", flush=True)


class Stopwatch:
    def __init__(self):
        self._start = time.monotonic()

    def expect_between(self, low_s, high_s):
        elapsed = time.monotonic() - self._start
        expect(low_s <= elapsed <= high_s, f"took {elapsed:.3f} s, want {low_s} to {high_s} s")
