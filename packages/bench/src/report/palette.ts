/** Colours that can be told apart, and are readable on white and on black. */
const colors: Record<string, string> = {
  "js-limit": "#8c959f",
  "kernel-limit": "#b4bcc4",
  "kernel-limit-busy": "#5f6871",
  ours: "#e8590c",
  direct: "#e8590c",
  node: "#d6a06c",
  undici: "#c98a3c",
  "node-http2": "#a68a00",
  "grpc-js": "#3b82f6",
  "connect-node": "#9363e8",
  "grpc-cpp": "#7a8b1f",
  "grpc-go-1": "#63c4b8",
  "grpc-go-2": "#14a594",
  tonic: "#c0564a",
  "tonic-multi": "#d98b82",
  grpcio: "#d6579b",
  "grpcio-aio": "#e08fc0",
  fastify: "#5fa83f",
  "node-ipc": "#93a03a",
  "child-process": "#6f8a91",
};

export function colorOf(peer: string): string {
  return colors[peer] ?? "#8c959f";
}

/** @vyra/ipc and the limits, with which it is compared, stand out. */
export function lineOf(peer: string): { width: number; type: "solid" | "dashed" } {
  return { width: peer === "ours" || peer === "direct" ? 3.5 : 2, type: isLimit(peer) ? "dashed" : "solid" };
}

function isLimit(peer: string): boolean {
  return peer === "js-limit" || peer === "kernel-limit" || peer === "kernel-limit-busy";
}
