import { createHash } from "node:crypto";
import type { LoadResult } from "../../judge/load/result.ts";
import type { Disk } from "../../ports/index.ts";
import { FlowError, type Sha256 } from "../../vocab/index.ts";
import { genericCsv, genericJson } from "./generic.ts";
import { hey } from "./hey.ts";
import { k6Samples, k6Summary } from "./k6.ts";
import { autocannon, fortio, oha } from "./one-figure.ts";
import { type Line, LoadDamage, type LoadFile, type LoadReader } from "./reader.ts";
import { vegetaCsv, vegetaJson, vegetaReport } from "./vegeta.ts";

/** Every format that is read, the surest first. */
export const LOAD_READERS: readonly LoadReader[] = [
  genericJson,
  k6Samples,
  vegetaJson,
  vegetaCsv,
  hey,
  autocannon,
  oha,
  fortio,
  vegetaReport,
  k6Summary,
  genericCsv,
];

/** Bytes that recognition looks at. */
const HEAD_BYTES = 64 * 1024;
/** A document that is read whole. */
const MAX_JSON_BYTES = 64 * 1024 * 1024;
const LONGEST_LINE = 4 * 1024 * 1024;

/** One file of load results. */
export interface LoadFileResult {
  readonly file: string;
  readonly rawSha256: Sha256;
  readonly result: LoadResult;
}

/**
 * Reads a file of a load tool, recognised by its content. FlowError `unreadable` that names file and line for one that
 * is damaged, cut off, or of no known tool.
 */
export async function readLoadFile(disk: Disk, path: string): Promise<LoadFileResult> {
  const head = await headOf(disk, path);
  const reader = LOAD_READERS.find((one) => one.sniff(head));
  if (!reader) throw unreadable(path, new LoadDamage("of no known load tool"));
  const hash = createHash("sha256");
  try {
    const result = await reader.read(openFile(disk, path));
    for await (const chunk of disk.stream(path)) hash.update(chunk);
    return { file: path, rawSha256: hash.digest("hex") as Sha256, result };
  } catch (error) {
    if (error instanceof LoadDamage) throw unreadable(path, error, reader.tool);
    throw error;
  }
}

function unreadable(file: string, damage: LoadDamage, tool?: string): FlowError {
  const tools = [...new Set(LOAD_READERS.map((reader) => reader.tool.split(" ")[0]))].join(", ");
  return new FlowError({
    code: "unreadable",
    what: "the load result cannot be trusted",
    expected: tool ?? tools,
    found: damage.message,
    where: { file, ...(damage.line === undefined ? {} : { line: damage.line }) },
    next: "let the load tool write the file again; a part of a load is not compared",
  });
}

async function headOf(disk: Disk, path: string): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of disk.stream(path)) {
    chunks.push(chunk);
    bytes += chunk.length;
    if (bytes >= HEAD_BYTES) break;
  }
  const head = new TextDecoder().decode(Buffer.concat(chunks).subarray(0, HEAD_BYTES));
  return head.replace(/^\uFEFF/, "");
}

function openFile(disk: Disk, path: string): LoadFile {
  return {
    json: async () => {
      if ((disk.stat(path)?.size ?? 0) > MAX_JSON_BYTES) throw new LoadDamage("a document of more than 64 MiB");
      try {
        return JSON.parse(disk.readText(path).replace(/^\uFEFF/, "")) as unknown;
      } catch (error) {
        if (error instanceof SyntaxError) throw new LoadDamage("no complete JSON document");
        throw error;
      }
    },
    lines: () => linesOf(disk.stream(path)),
  };
}

async function* linesOf(source: AsyncIterable<Uint8Array>): AsyncIterable<Line> {
  const decoder = new TextDecoder("utf-8", { ignoreBOM: false });
  let rest = "";
  let number = 0;
  for await (const chunk of source) {
    const parts = (rest + decoder.decode(chunk, { stream: true })).split("\n");
    rest = parts.pop() ?? "";
    if (rest.length > LONGEST_LINE) throw new LoadDamage("a line of more than 4 MiB", number + 1);
    for (const text of parts) {
      number += 1;
      yield { text: text.endsWith("\r") ? text.slice(0, -1) : text, number };
    }
  }
  if (rest !== "") throw new LoadDamage("the last line has no end: the file was cut off", number + 1);
}
