import { inFullHeaps, type Scenario } from "../scenario.js";
import { besideCalls } from "./beside-calls.js";
import { besideStreams } from "./beside-streams.js";
import { coldStart } from "./cold-start.js";
import { concurrency } from "./concurrency.js";
import { connections100 } from "./connections-100.js";
import { connections1000 } from "./connections-1000.js";
import { download } from "./download.js";
import { download1m } from "./download-1m.js";
import { download64k } from "./download-64k.js";
import { memoryConnection } from "./memory-connection.js";
import { memoryStream } from "./memory-stream.js";
import { pingPong } from "./ping-pong.js";
import { pingPong64 } from "./ping-pong-64.js";
import { sizes } from "./sizes.js";
import { unary1 } from "./unary-1.js";
import { unary1m } from "./unary-1m.js";
import { unary64 } from "./unary-64.js";
import { unary64k } from "./unary-64k.js";
import { unary1000 } from "./unary-1000.js";
import { unaryExtras } from "./unary-extras.js";
import { upload } from "./upload.js";
import { upload1m } from "./upload-1m.js";
import { upload64k } from "./upload-64k.js";

/** Messages of 64 KiB are where it shows how much else there is for V8 to collect. */
const withFullHeaps = [unary64k, download64k, upload64k].map(inFullHeaps);

export const rpcScenarios: readonly Scenario[] = [
  unary1,
  unary64,
  unary1000,
  unaryExtras,
  unary64k,
  unary1m,
  pingPong,
  pingPong64,
  download,
  upload,
  download64k,
  upload64k,
  ...withFullHeaps,
  download1m,
  upload1m,
  connections100,
  connections1000,
  besideCalls,
  besideStreams,
  sizes,
  concurrency,
  coldStart,
  memoryConnection,
  memoryStream,
];
