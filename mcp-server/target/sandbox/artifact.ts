import { createHash } from "node:crypto";
import { isAbsolute, join, relative, sep } from "node:path";
import type { Disk } from "../../ports/index.ts";
import { type Digest, digestOf, quoteValue, type Sha256, type Version } from "../../vocab/index.ts";
import type { SandboxConfig } from "../config.ts";
import { TargetError } from "../target.ts";

/** Absolute folder of a version's artifact. Fails when it is missing or leads out of the project. */
export function artifactFolder(root: string, config: SandboxConfig, version: Version, disk: Disk): string {
  const named = config.artifact.replaceAll("{version}", version);
  const segments = named.split(/[\\/]/);
  if (isAbsolute(named) || segments.includes("..")) {
    throw new TargetError(`target.artifact ${quoteValue(named)} leads out of the project`, {
      retryable: false,
      next: "name a folder inside the project, relative to deploy.yaml",
    });
  }
  const folder = join(root, named);
  if (disk.stat(folder) === undefined) {
    throw new TargetError(`version ${version} has no artifact: there is no folder ${quoteValue(named)}`, {
      retryable: false,
      next: "build this version into that folder, or correct target.artifact in deploy.yaml",
    });
  }
  const real = disk.realpath(folder);
  if (!isInside(disk.realpath(root), real)) {
    throw new TargetError(`the artifact folder ${quoteValue(named)} is a link that leads out of the project`, {
      retryable: false,
      next: "put the artifact itself inside the project",
    });
  }
  if (disk.stat(real)?.kind !== "dir") {
    throw new TargetError(`the artifact ${quoteValue(named)} of version ${version} is not a folder`, {
      retryable: false,
      next: "make target.artifact name a folder",
    });
  }
  return real;
}

/**
 * Content address of a folder: SHA-256 over one line per file, sorted by relative path, with kind, executable bit,
 * path and SHA-256 of the bytes. Times and owners do not count, empty folders neither. A link counts by where it
 * leads, which has to be inside the folder.
 */
export async function folderDigest(folder: string, disk: Disk, signal?: AbortSignal): Promise<Digest> {
  const whole = createHash("sha256");
  for (const path of filesBelow(folder, disk)) {
    signal?.throwIfAborted();
    const full = join(folder, path);
    const found = disk.stat(full);
    // JSON spelling, so that no path can imitate the end of a line.
    const name = JSON.stringify(path.split(sep).join("/"));
    if (found?.kind === "file") {
      whole.update(`file ${(found.mode & 0o111) === 0 ? "-" : "x"} ${name} ${await fileHash(full, disk)}\n`);
    } else if (found?.kind === "link") {
      whole.update(`link - ${name} ${JSON.stringify(linkTarget(folder, full, path, disk))}\n`);
    } else {
      throw new TargetError(`the artifact holds ${quoteValue(path)}, which is neither a file nor a folder`, {
        retryable: false,
        next: "build the artifact again without it",
      });
    }
  }
  return digestOf(whole.digest("hex") as Sha256);
}

function filesBelow(folder: string, disk: Disk): string[] {
  const files: string[] = [];
  const walk = (below: string) => {
    for (const name of disk.list(join(folder, below))) {
      const path = below === "" ? name : join(below, name);
      if (disk.stat(join(folder, path))?.kind === "dir") walk(path);
      else files.push(path);
    }
  };
  walk("");
  return files.sort((a, b) => (a < b ? -1 : a > b ? 1 : 0));
}

async function fileHash(path: string, disk: Disk): Promise<string> {
  const hash = createHash("sha256");
  for await (const chunk of disk.stream(path)) hash.update(chunk);
  return hash.digest("hex");
}

function linkTarget(folder: string, full: string, path: string, disk: Disk): string {
  const target = realpathOrUndefined(full, disk);
  if (target === undefined || !isInside(disk.realpath(folder), target)) {
    throw new TargetError(`the artifact holds the link ${quoteValue(path)}, which leads out of it or nowhere`, {
      retryable: false,
      next: "copy what it points to into the artifact",
    });
  }
  return relative(disk.realpath(folder), target).split(sep).join("/");
}

function realpathOrUndefined(path: string, disk: Disk): string | undefined {
  try {
    return disk.realpath(path);
  } catch {
    return undefined;
  }
}

function isInside(folder: string, path: string): boolean {
  return path === folder || path.startsWith(`${folder}${sep}`);
}
