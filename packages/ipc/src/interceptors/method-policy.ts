import type { DescMethod } from "@bufbuild/protobuf";
import { methodName } from "../grpc/index.js";

/**
 * Settings by method, with the names of gRPC's service config
 * (https://github.com/grpc/grpc/blob/master/doc/service_config.md): `"vyra.ipc.BackendService/GetStatus"` for one
 * method, `"vyra.ipc.BackendService"` for all methods of a service.
 */
export type ByMethod<T> = Readonly<Record<string, T>>;

/** Returns the setting for this method, or else the one for its service. */
export function settingFor<T>(settings: ByMethod<T> | undefined, method: DescMethod): T | undefined {
  if (settings === undefined) {
    return undefined;
  }
  return settings[methodName(method)] ?? settings[method.parent.typeName];
}

/** Refuses invalid names, such as one with a leading slash, which would never match. @throws {TypeError} */
export function assertMethodNames(settings: ByMethod<unknown> | undefined, option: string): void {
  for (const name of Object.keys(settings ?? {})) {
    if (!/^[\w.]+(\/\w+)?$/.test(name)) {
      throw new TypeError(
        `${option}: ${JSON.stringify(name)} is neither "package.Service" nor "package.Service/Method"`,
      );
    }
  }
}
