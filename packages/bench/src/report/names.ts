/** The programs that only measure what a socket allows. They are no alternatives to a framework. */
export const yardsticks = ["kernel-limit", "kernel-limit-busy", "js-limit"];

/** The alternatives that a reader may use today, and the yardsticks, with names short enough for a sentence. */
export const names: Readonly<Record<string, string>> = {
  "kernel-limit": "the kernel's limit: C, sleeping",
  "kernel-limit-busy": "the kernel's limit: C, busy polling",
  "js-limit": "JavaScript's limit: length-prefixed protobuf",
  direct: "**@vyra/ipc**",
  "child-process": "`child_process` messages",
  "node-ipc": "node-ipc, JSON",
  tonic: "tonic (Rust), one thread",
  "tonic-multi": "tonic (Rust), multi-threaded",
  "grpc-go-1": "grpc-go, GOMAXPROCS=1",
  "grpc-go-2": "grpc-go, GOMAXPROCS=2",
  "grpc-cpp": "gRPC C++",
  fastify: "fastify and undici, JSON",
  grpcio: "Python grpcio",
  "grpcio-aio": "Python grpcio, asyncio",
  "grpc-js": "grpc-js",
  "connect-node": "connect-node",
};

export function nameOf(peer: string): string {
  return names[peer] ?? peer;
}

/** Returns the anchor that GitHub gives to a heading. */
export function anchorOf(heading: string): string {
  return `#${heading
    .toLowerCase()
    .replace(/[^\w\s-]/g, "")
    .replaceAll(" ", "-")}`;
}
