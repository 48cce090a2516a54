import { dirname } from "node:path";
import type { Disk } from "../ports/index.ts";
import { canonicalJson } from "../vocab/index.ts";

/** Adds one record to a file of lines, and syncs it. A line that a crash cut short is ended first: it spoils only itself. */
export function appendLine(disk: Disk, path: string, record: object): void {
  disk.mkdir(dirname(path));
  disk.createExclusive(path, "");
  const torn = (disk.read(path).at(-1) ?? 0x0a) !== 0x0a;
  const file = disk.openAppend(path);
  try {
    file.append(Buffer.from(`${torn ? "\n" : ""}${canonicalJson(record)}\n`));
    file.sync();
  } finally {
    file.close();
  }
}
