import type { Scenario } from "../scenario.js";
import { body1k } from "./body-1k.js";
import { body1m } from "./body-1m.js";
import { body64k } from "./body-64k.js";
import { concurrency } from "./concurrency.js";
import { download } from "./download.js";
import { exchange1 } from "./exchange-1.js";
import { exchange64 } from "./exchange-64.js";
import { exchange1000 } from "./exchange-1000.js";
import { memoryConnection } from "./memory-connection.js";
import { memoryStream } from "./memory-stream.js";
import { pingPong } from "./ping-pong.js";
import { upload } from "./upload.js";

export const http2Scenarios: readonly Scenario[] = [
  exchange1,
  exchange64,
  exchange1000,
  body1k,
  body64k,
  body1m,
  pingPong,
  download,
  upload,
  concurrency,
  memoryConnection,
  memoryStream,
];
