const connect = require("@connectrpc/connect");
const http2 = require("@vyra/http2");
const ipc = require("@vyra/ipc");
const health = require("@vyra/ipc/health");
const proto = require("@vyra/ipc/proto");
const reflection = require("@vyra/ipc/reflection");
const telemetry = require("@vyra/ipc/telemetry");
const { everything } = require("./everything.cjs");

const packages = { ipc, proto, health, telemetry, connect };

afterEach(() => jest.useRealTimers());

test("calls are made", () => {
  jest.useRealTimers();
  return everything(packages, expect);
});

test("calls are made under fake timers, all of them", () => {
  jest.useFakeTimers();
  return everything(packages, expect);
});

test("every entry point is there", () => {
  expect(http2.ErrorCode.CANCEL).toBe(8);
  expect(reflection.ServerReflection.typeName).toBe("grpc.reflection.v1.ServerReflection");
});
