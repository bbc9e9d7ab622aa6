"""What the programs here have in common: the job, the lines (contract/lines.ts), what a process has used."""

import gc
import json
import resource
import sys
from types import SimpleNamespace

REQUEST_HEADER = "x-request-id"
ANSWER_HEADER = "x-answered"

OPTIONS = [("grpc.max_receive_message_length", -1), ("grpc.max_send_message_length", -1)]

RETRIES = json.dumps({"methodConfig": [{"name": [{}], "retryPolicy": {
    "maxAttempts": 4, "initialBackoff": "0.02s", "maxBackoff": "1s", "backoffMultiplier": 3,
    "retryableStatusCodes": ["UNAVAILABLE"]}}]})

address, job = "unix:" + sys.argv[-2], json.loads(sys.argv[-1], object_hook=lambda fields: SimpleNamespace(**fields))
payload = b"a" * job.payloadBytes


def say(**line):
    print(json.dumps(line), flush=True)


def usage():
    used = resource.getrusage(resource.RUSAGE_SELF)
    if job.kind == "hold":
        gc.collect()
    return {"cpuUs": (used.ru_utime + used.ru_stime) * 1e6, "rssBytes": rss_bytes()}


def rss_bytes():
    try:
        with open("/proc/self/statm") as statm:
            return int(statm.read().split()[1]) * resource.getpagesize()
    except OSError:
        return 0


def latency_us(seconds):
    ordered = sorted(seconds)
    quantiles = {"p10": 0.1, "p25": 0.25, "p50": 0.5, "p75": 0.75, "p90": 0.9, "p99": 0.99, "p999": 0.999}
    return {name: ordered[min(int(part * len(ordered)), len(ordered) - 1)] * 1e6 for name, part in quantiles.items()}


def check(answer):
    if len(answer.payload) != job.payloadBytes:
        raise ValueError(f"sent {job.payloadBytes} bytes, got back {len(answer.payload)}")


def client_options(number):
    """Channels with equal options share a connection; the number keeps those of one job apart."""
    retries = [("grpc.service_config", RETRIES), ("grpc.enable_retries", 1)] if job.withExtras else []
    return OPTIONS + retries + [("grpc.use_local_subchannel_pool", 1), ("vyra.bench.channel", number)]
