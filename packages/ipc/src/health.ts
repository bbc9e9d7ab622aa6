/** The generated types of `grpc.health.v1`: `Health` and its messages, to ask any gRPC server how it is. */
export * from "./gen/grpc/health/v1/health_pb.js";
