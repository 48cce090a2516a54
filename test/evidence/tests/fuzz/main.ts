import { writeFileSync } from "node:fs";
import { Fault, play } from "./play.ts";
import { seedsByReader } from "./seeds.ts";

/** What `scripts/fuzz.mjs` passes on: the inputs `from` to `to`, those of a given remainder. */
interface Asked {
  readonly from: number;
  readonly to: number;
  readonly step: number;
  readonly faults: string;
}

/** Inputs between two lines that say that it is alive. */
const ALIVE_EVERY = 100;

const { from, to, step, faults } = JSON.parse(process.argv[2] ?? "{}") as Asked;
const seeds = seedsByReader("test/fixtures/test-reports");
const say = (line: unknown) => process.stdout.write(`${JSON.stringify(line)}\n`);
const formats = new Map<string, { inputs: number; read: number; slowestMs: number }>();
for (let number = from, done = 0; number < to; number += step, done += 1) {
  if (done % ALIVE_EVERY === 0) say({ at: number });
  try {
    const { format, outcome, ms } = await play(number, seeds);
    const one = formats.get(format) ?? { inputs: 0, read: 0, slowestMs: 0 };
    formats.set(format, {
      inputs: one.inputs + 1,
      read: one.read + (outcome === "read" ? 1 : 0),
      slowestMs: Math.max(one.slowestMs, ms),
    });
  } catch (error) {
    if (!(error instanceof Fault)) throw error;
    const file = `${faults}/${number}`;
    writeFileSync(file, error.input);
    say({ fault: error.message, file });
  }
}
say({ formats: Object.fromEntries(formats), peakMb: (process.resourceUsage().maxRSS * 1024) / 1e6 });
