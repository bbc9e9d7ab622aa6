import { fastify } from "fastify";
import { serverProgram } from "../../program/server-program.js";

const schema = { type: "object", required: ["payload"], properties: { payload: { type: "string" } } } as const;

await serverProgram(async (address) => {
  const server = fastify({ bodyLimit: 64 * 1024 * 1024 });
  const options = { schema: { body: schema, response: { 200: schema } } };
  server.post<{ Body: { payload: string } }>("/echo", options, async (request) => ({ payload: request.body.payload }));
  await server.listen({ path: address });
});
