import type { DescMethod } from "@bufbuild/protobuf";
import type { ConnectError } from "@connectrpc/connect";
import { type Attributes, SpanKind, type SpanOptions } from "@opentelemetry/api";
import { methodName, type StatusName, statusName } from "../grpc/index.js";

/**
 * How many methods and targets are remembered. A program with more of them, such as one that dials a new socket for
 * each job, gets new attribute sets after that many, and the memory stays bounded.
 */
const maxKnown = 1_000;

/** The attributes of one method's metrics, by gRFC A66, and what its spans begin with. All of them are frozen. */
export class MethodAttributes {
  readonly name: string;
  /** The attributes of what is counted when a call or an attempt begins. */
  readonly started: Attributes;
  readonly span: SpanOptions;
  readonly #ended = new Map<StatusName, Attributes>();

  constructor(method: DescMethod, kind: SpanKind, target: string | undefined) {
    this.name = methodName(method);
    this.started = Object.freeze({
      "grpc.method": this.name,
      ...(kind === SpanKind.CLIENT && { "grpc.target": target ?? "" }),
    });
    this.span = Object.freeze({ kind, attributes: spanAttributes(this.name, target) });
  }

  /** Returns the attributes of what is recorded when a call or an attempt ends. */
  ended(error: ConnectError | undefined): Attributes {
    const status = statusName(error);
    let attributes = this.#ended.get(status);
    if (attributes === undefined) {
      attributes = Object.freeze({ ...this.started, "grpc.status": status });
      this.#ended.set(status, attributes);
    }
    return attributes;
  }
}

/** Remembers the attributes of methods, by the target of the calls. */
export class KnownMethods {
  readonly #byTarget = new Map<string | undefined, Map<DescMethod, MethodAttributes>>();
  #known = 0;

  constructor(private readonly kind: SpanKind) {}

  attributesOf(method: DescMethod, target: string | undefined): MethodAttributes {
    return this.#byTarget.get(target)?.get(method) ?? this.#learn(method, target);
  }

  #learn(method: DescMethod, target: string | undefined): MethodAttributes {
    if (this.#known++ >= maxKnown) {
      this.#byTarget.clear();
      this.#known = 1;
    }
    const attributes = new MethodAttributes(method, this.kind, target);
    const methods = this.#byTarget.get(target) ?? new Map<DescMethod, MethodAttributes>();
    this.#byTarget.set(target, methods.set(method, attributes));
    return attributes;
  }
}

/** Returns a span's attributes, named by OpenTelemetry's semantic conventions for RPC and networks. */
function spanAttributes(method: string, target: string | undefined): Attributes {
  return Object.freeze({
    "rpc.system.name": "grpc",
    "rpc.method": method,
    "network.transport": "unix",
    ...(target !== undefined && { "server.address": target.replace(/^unix:/, "") }),
  });
}
