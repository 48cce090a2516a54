import { openJunitRows } from "../../../../mcp-server/evidence/tests/junit.ts";
import { DEFAULT_LIMITS } from "../../../../mcp-server/evidence/tests/limits.ts";
import { ReportDamage, type ReportReader } from "../../../../mcp-server/evidence/tests/reader.ts";
import { scanXml } from "../../../../mcp-server/evidence/tests/scan-xml.ts";
import { readXml } from "../../../../mcp-server/evidence/tests/xml.ts";
import { TestRow } from "../../../../mcp-server/judge/tests/row.ts";
import { FlowError } from "../../../../mcp-server/vocab/index.ts";
import { randomOf } from "../../../bench/judge/traffic/random.ts";
import { inPieces } from "../sources.ts";
import { mutated } from "./mutate.ts";
import type { Seed } from "./seeds.ts";

/** What became of an input: read as a report, or refused. Anything else is a fault. */
export interface Played {
  readonly format: string;
  readonly outcome: "read" | "refused";
  readonly rows: number;
  readonly ms: number;
}

/** An input that found a fault; `input` is its bytes. */
export class Fault extends Error {
  readonly number: number;
  readonly input: Buffer;
  constructor(number: number, seed: Seed, input: Buffer, what: string) {
    super(`input ${number} (${seed.reader.format}, from ${seed.name}): ${what}`);
    this.number = number;
    this.input = input;
  }
}

/** One input may take this long, on a machine that is busy. */
export const SLOWEST_MS = 5_000;
/** Rows that an input of a megabyte can hold at the most, and how much text they may repeat. */
const PROTOTYPES = [Object.prototype, Array.prototype, Function.prototype, String.prototype, Map.prototype];

/** The input of a number: the same on every machine, for the same seeds. */
export function inputOf(number: number, seeds: readonly (readonly Seed[])[]): { seed: Seed; input: Buffer } {
  const random = randomOf(7_000_003 + number);
  const own = seeds[number % seeds.length] ?? [];
  const seed = own[Math.floor(random.uniform() * own.length)] as Seed;
  const others = seeds[Math.floor(random.uniform() * seeds.length)] ?? own;
  const other = others[Math.floor(random.uniform() * others.length)] as Seed;
  return { seed, input: mutated(seed.data, other.data, random) };
}

/** Reads one input in every way there is and throws a {@link Fault} for what must not happen. */
export async function play(number: number, seeds: readonly (readonly Seed[])[]): Promise<Played> {
  const { seed, input } = inputOf(number, seeds);
  const before = prototypes();
  const started = performance.now();
  try {
    const whole = await readBy(seed.reader, input, 64 * 1024);
    if (number % 4 === 0) same(whole, await readBy(seed.reader, input, 1 + (number % 97)), "in other pieces");
    if (seed.reader.format === "junit") await sameByScan(input, 1 + (number % 997));
    const ms = performance.now() - started;
    if (ms > SLOWEST_MS) throw new Error(`took ${ms.toFixed(0)} ms`);
    if (prototypes() !== before) throw new Error("changed a prototype");
    return { format: seed.reader.format, outcome: whole ? "read" : "refused", rows: whole?.length ?? 0, ms };
  } catch (error) {
    throw new Fault(number, seed, input, error instanceof Error ? (error.stack ?? error.message) : String(error));
  }
}

function prototypes(): string {
  return PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length).join();
}

/** Rows, each as evidence may hold it; `undefined` for a report that is refused. */
async function readBy(reader: ReportReader, input: Buffer, size: number): Promise<TestRow[] | undefined> {
  const rows: TestRow[] = [];
  const sink = {
    row: (row: TestRow) => {
      const { success, error } = TestRow.safeParse(row);
      if (!success) throw new Error(`not a row: ${error.message}`);
      if ((row.message?.length ?? 0) > DEFAULT_LIMITS.maxMessageChars + 10)
        throw new Error("a message beyond the limit");
      rows.push(row);
      if (rows.length > input.length) throw new Error("more rows than bytes");
    },
    warning: () => {},
  };
  return refusedOr(async () => {
    await reader.read(inPieces(input, size), sink, DEFAULT_LIMITS);
    return rows;
  });
}

/** The scan for large files and the parser have to agree wherever the scan takes a document. */
async function sameByScan(input: Buffer, size: number): Promise<void> {
  const open = (rows: TestRow[]) => openJunitRows({ row: (row) => rows.push(row), warning: () => {} }, DEFAULT_LIMITS);
  const scanned: TestRow[] = [];
  const fast = open(scanned);
  const took = await refusedOr(async () => {
    if ((await scanXml(inPieces(input, size), fast.consumer, DEFAULT_LIMITS)) !== "read") return "left";
    fast.finish();
    return "read";
  });
  if (took !== "read") return;
  const parsed: TestRow[] = [];
  const slow = open(parsed);
  const byParser = await refusedOr(async () => {
    await readXml(inPieces(input), slow.consumer, DEFAULT_LIMITS, () => {});
    slow.finish();
    return parsed;
  });
  same(byParser, scanned, "by the scan");
}

async function refusedOr<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof ReportDamage || error instanceof FlowError) return undefined;
    throw error;
  }
}

function same(a: readonly TestRow[] | undefined, b: readonly TestRow[] | undefined, how: string): void {
  const [left, right] = [JSON.stringify(a), JSON.stringify(b)];
  if (left === right) return;
  const show = (rows: readonly TestRow[] | undefined) => (rows ? `${rows.length} rows` : "refused");
  throw new Error(`reads differently ${how}: ${show(a)}, then ${show(b)}`);
}
