/**
 * The generated types of `grpc.reflection.v1`, and those of `v1alpha` for servers that know only it.
 *
 * @module @vyra/ipc/reflection
 * @packageDocumentation
 */
export * from "./gen/grpc/reflection/v1/reflection_pb.js";
export * as v1alpha from "./gen/grpc/reflection/v1alpha/reflection_pb.js";
