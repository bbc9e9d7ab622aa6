/** What is compared: HTTP/2 alone; whole RPC stacks; ours as one side and another stack as the other. */
export const suites = ["http2", "rpc", "mixed"] as const;
export type Suite = (typeof suites)[number];
