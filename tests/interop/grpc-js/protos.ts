// The test services and messages in the form of @grpc/proto-loader.
import { join } from "node:path";
import {
  type CallOptions,
  type ChannelCredentials,
  type ChannelOptions,
  type Client,
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientUnaryCall,
  type ClientWritableStream,
  loadPackageDefinition,
  type Metadata,
  type requestCallback,
  type ServiceDefinition,
} from "@grpc/grpc-js";
import { loadSync } from "@grpc/proto-loader";
import { root } from "../../support/folders.js";

// Received messages: an absent message is null.

export interface Payload {
  readonly body: Buffer;
}

interface BoolValue {
  readonly value: boolean;
}

interface EchoStatus {
  readonly code: number;
  readonly message: string;
}

export interface SimpleRequest {
  readonly responseSize: number;
  readonly payload: Payload | null;
  readonly responseCompressed: BoolValue | null;
  readonly responseStatus: EchoStatus | null;
  readonly expectCompressed: BoolValue | null;
}

export interface PayloadResponse {
  readonly payload: Payload;
}

export interface InputRequest {
  readonly payload: Payload;
  readonly expectCompressed: BoolValue | null;
}

export interface InputResponse {
  readonly aggregatedPayloadSize: number;
}

interface ResponseParameters {
  readonly size: number;
  readonly compressed: BoolValue | null;
}

export interface OutputRequest {
  readonly responseParameters: readonly ResponseParameters[];
  readonly payload: Payload | null;
  readonly responseStatus: EchoStatus | null;
}

export interface Observation {
  readonly metadata: readonly { readonly key: string; readonly value: Buffer }[];
  readonly timeoutMs: number;
}

export interface FailRequest {
  readonly code: number;
  readonly message: string;
  readonly detail: ErrorReason | null;
  readonly after: number;
}

export interface ErrorReason {
  readonly reason: string;
  readonly domain: string;
  readonly metadata: Readonly<Record<string, string>>;
}

interface RpcStatus {
  readonly code: number;
  readonly message: string;
  readonly details: readonly { readonly type_url: string; readonly value: Buffer }[];
}

/** The key that identifies a call for `Ended`. */
export interface Key {
  readonly key: string;
}

export interface Ended {
  readonly ended: boolean;
}

/** A message to send: every field is optional. */
export type Init<T> = T extends Buffer
  ? Buffer
  : T extends readonly (infer Element)[]
    ? readonly Init<Element>[]
    : T extends object
      ? { readonly [Field in keyof T]?: Init<T[Field]> }
      : T;

// The clients, with the methods that the cases use.

export type UnaryMethod<Request, Response> = (
  request: Request,
  metadata: Metadata,
  options: CallOptions,
  callback: requestCallback<Response>,
) => ClientUnaryCall;

export interface TestClient extends Client {
  readonly emptyCall: UnaryMethod<object, object>;
  readonly unimplementedCall: UnaryMethod<object, object>;
  readonly unaryCall: UnaryMethod<Init<SimpleRequest>, PayloadResponse>;
  streamingOutputCall(request: Init<OutputRequest>, options: CallOptions): ClientReadableStream<PayloadResponse>;
  streamingInputCall(
    options: CallOptions,
    callback: requestCallback<InputResponse>,
  ): ClientWritableStream<Init<InputRequest>>;
  fullDuplexCall(options: CallOptions): ClientDuplexStream<Init<OutputRequest>, PayloadResponse>;
  fullDuplexCall(metadata: Metadata, options: CallOptions): ClientDuplexStream<Init<OutputRequest>, PayloadResponse>;
}

export interface UnimplementedClient extends Client {
  readonly unimplementedCall: UnaryMethod<object, object>;
}

export interface ProbeClient extends Client {
  readonly observe: UnaryMethod<object, Observation>;
  observeStream(metadata: Metadata, options: CallOptions): ClientDuplexStream<object, Observation>;
  readonly fail: UnaryMethod<Init<FailRequest>, Observation>;
  failStream(request: Init<FailRequest>, options: CallOptions): ClientReadableStream<Observation>;
  readonly hang: UnaryMethod<Key, Observation>;
  hangStream(options: CallOptions): ClientDuplexStream<Key, Observation>;
  readonly ended: UnaryMethod<Key, Ended>;
}

interface Service<C extends Client> {
  new (address: string, credentials: ChannelCredentials, options?: ChannelOptions): C;
  readonly service: ServiceDefinition;
}

interface Codec<T> {
  serialize(message: Init<T>): Buffer;
  deserialize(bytes: Buffer): T;
}

interface Loaded {
  readonly TestService: Service<TestClient>;
  readonly UnimplementedService: Service<UnimplementedClient>;
  readonly vyra: {
    readonly ProbeService: Service<ProbeClient>;
    readonly RpcStatus: Codec<RpcStatus>;
    readonly ErrorReason: Codec<ErrorReason>;
  };
}

const definition = loadSync(["grpc/testing/test.proto", "grpc/testing/vyra/probe.proto"], {
  includeDirs: [join(root, "tests/proto")],
  longs: Number,
  defaults: true,
  oneofs: true,
});

const { grpc } = loadPackageDefinition(definition) as unknown as { readonly grpc: { readonly testing: Loaded } };
export const { TestService, UnimplementedService } = grpc.testing;
export const { ProbeService, RpcStatus, ErrorReason } = grpc.testing.vyra;

export const detailType = "type.googleapis.com/grpc.testing.vyra.ErrorReason";

export function payload(size: number): Payload {
  return { body: Buffer.alloc(size) };
}
