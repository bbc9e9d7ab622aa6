"""backend.py <module>: BackendService, served by Python at the module's socket."""

import os
import signal
import sys
import time
from concurrent import futures

import grpc

from vyra.ipc import backend_service_pb2 as backend
from vyra.ipc import backend_service_pb2_grpc as backend_grpc
from vyra.ipc import data_pb2 as data


class Backend(backend_grpc.BackendServiceServicer):
    def __init__(self):
        self._started_at = time.monotonic()

    def GetStatus(self, request, context):
        return backend.StatusResponse(status="ready", uptime_seconds=int(time.monotonic() - self._started_at))

    def ProcessData(self, request, context):
        if not request.data:
            context.abort(grpc.StatusCode.INVALID_ARGUMENT, "there is no data to work on")
        return data.DataResponse(result=request.data.upper())


def main(module):
    os.umask(0o177)  # the socket is for this user alone
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=8))
    backend_grpc.add_BackendServiceServicer_to_server(Backend(), server)
    server.add_insecure_port(f"unix:///tmp/{module}_ipc.sock")
    server.start()
    for name in (signal.SIGINT, signal.SIGTERM):
        signal.signal(name, lambda *_: server.stop(grace=5))
    print(f"serving at unix:/tmp/{module}_ipc.sock", flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main(sys.argv[1])
