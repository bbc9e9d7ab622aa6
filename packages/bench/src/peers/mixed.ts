import type { Missing, Peer, Ready } from "./peer.js";

/**
 * Pairs @vyra/ipc as the client with the server of another peer, and the reverse. All programs follow the same
 * contract, so any client works with any server.
 */
export function mixedPeers(ours: Peer, others: readonly Peer[]): readonly Peer[] {
  const both = pair(ours, ours);
  return [both, ...others.flatMap((other) => [pair(ours, other), pair(other, ours)])];
}

function pair(client: Peer, server: Peer): Peer {
  return {
    suite: "mixed",
    name: `${client.name}-to-${server.name}`,
    title: `${client.title} → ${server.title}`,
    prepare: () => prepare(client, server),
    cannot: (scenario) => client.cannot?.(scenario) ?? server.cannot?.(scenario),
  };
}

async function prepare(client: Peer, server: Peer): Promise<Ready | Missing> {
  const calls = await client.prepare();
  const serves = await server.prepare();
  if ("missing" in calls) {
    return calls;
  }
  if ("missing" in serves) {
    return serves;
  }
  return {
    version: client === server ? calls.version : `${calls.version} → ${serves.version}`,
    client: calls.client,
    ...(serves.server && { server: serves.server }),
    env: { ...serves.env, ...calls.env },
  };
}
