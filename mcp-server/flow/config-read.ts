import { dirname, join, sep } from "node:path";
import type { Disk } from "../ports/index.ts";
import { FlowError, messageOf } from "../vocab/index.ts";

const MAX_BYTES = 1024 * 1024;

/** Which file is read, and by whose word: only one that a person named may lie outside the project. */
export interface ConfigSource {
  readonly root: string;
  readonly file: string;
}

/** The text of deploy.yaml. Refuses what is no readable UTF-8 file of a sensible size, and a link that leads out of the project. */
export function readConfigText(disk: Disk, { root, file }: ConfigSource): string {
  const real = realFile(disk, root, file);
  const found = disk.stat(real);
  if (found?.kind !== "file") throw refused(file, "deploy.yaml is not a file", "a file", describe(found?.kind));
  if (found.size > MAX_BYTES) {
    throw refused(file, "deploy.yaml is too long", `at most ${MAX_BYTES / 1024} KiB`, `${found.size} bytes`);
  }
  let bytes: Uint8Array;
  try {
    bytes = disk.read(real);
  } catch (error) {
    throw refused(file, "deploy.yaml cannot be read", "a file that this user may read", messageOf(error), error);
  }
  try {
    // Takes a byte order mark away too.
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch (error) {
    const wide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
    throw refused(
      file,
      "deploy.yaml is not UTF-8",
      "UTF-8 text",
      wide ? "UTF-16, as its first bytes say" : `another encoding, first in line ${lineOfDamage(bytes)}`,
      error,
    );
  }
}

function realFile(disk: Disk, root: string, file: string): string {
  const here = disk.stat(file);
  if (!here) {
    throw new FlowError({
      code: "config",
      what: "there is no deploy.yaml",
      expected: file,
      found: "no such file",
      where: { file },
      next: "let `deploy-flow init` write a first one, or pass --project or --config",
    });
  }
  if (here.kind !== "link") return file;
  let real: string;
  try {
    real = disk.realpath(file);
  } catch (error) {
    throw refused(
      file,
      "deploy.yaml is a link that leads nowhere",
      "a file, or a link to one",
      messageOf(error),
      error,
    );
  }
  const isOwn = file === join(root, "deploy.yaml");
  if (isOwn && !real.startsWith(`${root}${sep}`)) {
    throw refused(file, "deploy.yaml is a link that leads out of the project", `a file below ${root}`, dirname(real));
  }
  return real;
}

function describe(kind: string | undefined): string {
  return kind === "dir" ? "a folder" : kind === undefined ? "nothing" : "a device, socket or pipe";
}

/** The first line whose bytes are no UTF-8. */
function lineOfDamage(bytes: Uint8Array): number {
  let line = 1;
  let start = 0;
  const isText = (part: Uint8Array) => {
    try {
      new TextDecoder("utf-8", { fatal: true }).decode(part);
      return true;
    } catch {
      return false;
    }
  };
  for (let index = bytes.indexOf(0x0a); index >= 0; index = bytes.indexOf(0x0a, start)) {
    if (!isText(bytes.subarray(start, index))) return line;
    line += 1;
    start = index + 1;
  }
  return line;
}

function refused(file: string, what: string, expected: string, found: string, cause?: unknown): FlowError {
  return new FlowError({
    code: "config",
    what,
    expected,
    found,
    where: { file },
    next: "put a text file in its place, or pass --config with another one",
    ...(cause === undefined ? {} : { cause }),
  });
}
