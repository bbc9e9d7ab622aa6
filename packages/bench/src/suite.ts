/**
 * What is compared: HTTP/2 alone; whole RPC stacks; @vyra/ipc as one end and another stack as the other; the
 * instructions that stacks in JavaScript execute; loading.
 */
export const suites = ["http2", "rpc", "mixed", "instructions", "import"] as const;
export type Suite = (typeof suites)[number];

/** The peers that the others are compared with. */
export const references: Record<Suite, readonly string[]> = {
  http2: ["js-limit", "node-http2"],
  rpc: ["kernel-limit", "kernel-limit-busy", "js-limit", "grpc-js"],
  mixed: ["direct-to-direct"],
  instructions: ["js-limit", "grpc-js"],
  import: ["connect"],
};
