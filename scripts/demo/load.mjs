// Sends open-loop load to a shop.
//   node load.mjs --url http://127.0.0.1:8080 --rate 200 --seconds 60 [--out FILE] [--arrivals steady|poisson]
//                 [--mix login=10,search=60,checkout=30] [--timeout-ms 10000] [--max-in-flight 2000] [--seed 1]
// FILE gets one JSON line per request and the summary as the last one; the summary is printed, too. SIGTERM and SIGINT
// stop sending, wait for what is under way and write the summary. Exit code 0, or 64 for wrong flags.

import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { parseArgs } from "node:util";
import { startLoad } from "./open-loop.mjs";

const KINDS = new Set(["login", "search", "checkout"]);

function usage(message) {
  console.error(
    `${message}\nusage: node load.mjs --url URL --rate PER_SECOND --seconds N [--out FILE] [--mix login=10,search=60,checkout=30]`,
  );
  process.exit(64);
}

function number(name, text) {
  const value = Number(text);
  if (text === undefined || !Number.isFinite(value) || value <= 0) usage(`--${name}: expected a number above zero`);
  return value;
}

function readMix(text) {
  const pairs = text.split(",").map((part) => part.split("="));
  for (const [kind, weight] of pairs) {
    if (!KINDS.has(kind)) usage(`--mix: expected login, search or checkout, found ${kind}`);
    if (!(Number(weight) >= 0)) usage(`--mix: expected a weight for ${kind}`);
  }
  return Object.fromEntries(pairs.map(([kind, weight]) => [kind, Number(weight)]));
}

function readFlags() {
  const string = { type: "string" };
  try {
    return parseArgs({
      options: {
        url: string,
        rate: string,
        seconds: string,
        out: string,
        mix: string,
        arrivals: { type: "string", default: "steady" },
        seed: { type: "string", default: "1" },
        "timeout-ms": { type: "string", default: "10000" },
        "max-in-flight": { type: "string", default: "2000" },
      },
    }).values;
  } catch (error) {
    return usage(error.message);
  }
}

const flags = readFlags();
if (!flags.url || !URL.canParse(flags.url)) usage("--url: expected a URL");
if (flags.arrivals !== "steady" && flags.arrivals !== "poisson") usage("--arrivals: expected steady or poisson");

const out = flags.out === undefined ? undefined : createWriteStream(flags.out);
const load = startLoad({
  url: flags.url,
  rate: number("rate", flags.rate),
  seconds: number("seconds", flags.seconds),
  arrivals: flags.arrivals,
  seed: number("seed", flags.seed),
  timeoutMs: number("timeout-ms", flags["timeout-ms"]),
  maxInFlight: number("max-in-flight", flags["max-in-flight"]),
  ...(flags.mix === undefined ? {} : { mix: readMix(flags.mix) }),
  onRecord: (record) => out?.write(`${JSON.stringify(record)}\n`),
});
for (const signal of ["SIGTERM", "SIGINT"]) process.once(signal, load.stop);

const summary = await load.done;
if (out) {
  out.end(`${JSON.stringify({ summary })}\n`);
  await once(out, "finish");
}
console.log(JSON.stringify(summary));
