#!/usr/bin/env node
import { main } from "./cli.js";
import { heedSignals } from "./terminal/interrupt.js";
import { endWhenNobodyReads } from "./terminal/output.js";

endWhenNobodyReads();
heedSignals();
process.exit(await main(process.argv.slice(2)));
