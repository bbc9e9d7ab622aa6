"""frontend.py <module>: calls the BackendService of a module, in whatever language that is written."""

import sys

import grpc

from vyra.ipc import backend_service_pb2 as backend
from vyra.ipc import backend_service_pb2_grpc as backend_grpc
from vyra.ipc import data_pb2 as data


def main(module):
    with grpc.insecure_channel(f"unix:///tmp/{module}_ipc.sock") as channel:
        stub = backend_grpc.BackendServiceStub(channel)
        try:
            status = stub.GetStatus(backend.StatusRequest(), timeout=5.0)
            print(f"status: {status.status}")
            response = stub.ProcessData(data.DataRequest(data="hello"), timeout=5.0)
            print(f"result: {response.result}")
        except grpc.RpcError as error:
            if error.code() == grpc.StatusCode.UNAVAILABLE:
                print("the backend is not running")
            elif error.code() == grpc.StatusCode.DEADLINE_EXCEEDED:
                print("the backend is too slow")
            else:
                raise


if __name__ == "__main__":
    main(sys.argv[1])
