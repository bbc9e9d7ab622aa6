/** The generated types of `grpc.health.v1`: `Health` and its messages, for asking any gRPC server for its health. */
export * from "./gen/grpc/health/v1/health_pb.js";
