/** What is compared: HTTP/2 alone; whole RPC stacks; ours as one side and another stack as the other; loading. */
export const suites = ["http2", "rpc", "mixed", "import"] as const;
export type Suite = (typeof suites)[number];
