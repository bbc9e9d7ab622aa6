/**
 * What is compared: HTTP/2 alone; whole RPC stacks; @vyra/ipc as one end and another stack as the other; the
 * instructions that stacks in JavaScript execute; loading.
 */
export const suites = ["http2", "rpc", "mixed", "instructions", "import"] as const;
export type Suite = (typeof suites)[number];

/** The peers that the others are compared with. */
export const references: Record<Suite, readonly string[]> = {
  http2: ["limit", "node-http2"],
  rpc: ["limit", "grpc-js"],
  mixed: ["direct-to-direct"],
  instructions: ["limit", "grpc-js"],
  import: ["connect"],
};
