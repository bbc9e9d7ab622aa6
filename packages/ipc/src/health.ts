/**
 * The generated types of `grpc.health.v1`: `Health` and its messages, for asking any gRPC server for its health.
 *
 * @module @vyra/ipc/health
 * @packageDocumentation
 */
export * from "./gen/grpc/health/v1/health_pb.js";
