/** What is compared: HTTP/2 alone, or whole RPC stacks. */
export const suites = ["http2", "rpc"] as const;
export type Suite = (typeof suites)[number];
