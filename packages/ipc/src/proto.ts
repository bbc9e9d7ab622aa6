/**
 * The generated types of `vyra.ipc`: `BackendService`, `ModuleService`, `StatsService` and their messages.
 *
 * @module @vyra/ipc/proto
 * @packageDocumentation
 */
export * from "./gen/vyra/ipc/backend_service_pb.js";
export * from "./gen/vyra/ipc/data_pb.js";
export * from "./gen/vyra/ipc/module_service_pb.js";
export * from "./gen/vyra/ipc/stats_service_pb.js";
