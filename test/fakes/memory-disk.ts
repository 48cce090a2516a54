import { dirname, join, resolve } from "node:path";
import type { AppendFile, Disk } from "../../mcp-server/ports/index.ts";

/** The process or the machine died at this operation. Thrown by every later operation of the same disk too. */
export class Crash extends Error {
  constructor(operation: number, what: string) {
    super(`crashed at disk operation ${operation} (${what})`);
    this.name = "Crash";
  }
}

interface FileNode {
  kind: "file";
  data: Buffer;
  /** What a power failure leaves. */
  durable: Buffer;
  mode: number;
  mtimeMs: number;
}
interface DirNode {
  kind: "dir";
  mode: number;
}
interface LinkNode {
  kind: "link";
  to: string;
}
type Node = FileNode | DirNode | LinkNode;

/** What goes wrong, at which of the disk's writing operations (counted from 1). */
export interface DiskFaults {
  /** Die before this operation takes effect; an append dies half way. */
  crashAt?: number;
  /** From this operation on, fail with this system error. */
  failFrom?: { operation: number; code: "ENOSPC" | "EACCES" | "EIO" };
}

export interface MemoryDisk extends Disk {
  /** Writing operations so far. */
  operations(): number;
  crashed(): boolean;
  faults: DiskFaults;
  /**
   * The disk that the next process finds: after `kill` everything written is there; after `power` only what was
   * synced, with `tornBytes` of each file's unsynced rest. Faults are off.
   */
  restart(kind: "kill" | "power", tornBytes?: number): MemoryDisk;
  symlink(to: string, path: string): void;
  /** All files with their contents, sorted by path. */
  dump(): Record<string, string>;
}

function systemError(code: string, path: string): Error {
  return Object.assign(new Error(`${code}: ${path}`), { code, path });
}

/** Files in memory. Folders are durable at once; a file's name with its folder's sync, its content with its own. */
export function memoryDisk(files: Record<string, string | Uint8Array> = {}, faults: DiskFaults = {}): MemoryDisk {
  const live = new Map<string, Node>([["/", { kind: "dir", mode: 0o755 }]]);
  for (const [path, data] of Object.entries(files)) {
    makeFolders(live, dirname(path));
    const bytes = Buffer.from(data);
    live.set(path, { kind: "file", data: bytes, durable: bytes, mode: 0o644, mtimeMs: 0 });
  }
  return diskOver(live, new Map(live), faults);
}

function makeFolders(live: Map<string, Node>, path: string, mode = 0o755): void {
  const node = live.get(path);
  if (node?.kind === "file") throw systemError("EEXIST", path);
  if (node) return;
  makeFolders(live, dirname(path), mode);
  live.set(path, { kind: "dir", mode });
}

function moveSubtree(nodes: Map<string, Node>, from: string, to: string): void {
  for (const [path, node] of [...nodes]) {
    if (path !== from && !path.startsWith(`${from}/`)) continue;
    nodes.delete(path);
    nodes.set(to + path.slice(from.length), node);
  }
}

function diskOver(live: Map<string, Node>, names: Map<string, Node>, faults: DiskFaults): MemoryDisk {
  let operations = 0;
  let dead: Crash | undefined;
  let temporary = 0;
  let ticks = 0;
  const watchers = new Set<{ path: string; wake: () => void }>();

  /** Counts one writing operation and makes it fail where the faults say so. */
  const writing = (what: string, path: string, halfWay?: () => void) => {
    if (dead) throw dead;
    operations += 1;
    if (faults.crashAt === operations) {
      halfWay?.();
      dead = new Crash(operations, `${what} ${path}`);
      throw dead;
    }
    if (faults.failFrom && operations >= faults.failFrom.operation) throw systemError(faults.failFrom.code, path);
  };
  const touched = (path: string) => {
    for (const watcher of [...watchers]) {
      if (path === watcher.path || dirname(path) === watcher.path) watcher.wake();
    }
  };
  /** Resolves symbolic links in the folders of a path, and of the last name too when `last` is set. */
  const follow = (path: string, last: boolean, depth = 0): string => {
    if (depth > 20) throw systemError("ELOOP", path);
    let at = "/";
    const parts = resolve(path).split("/").filter(Boolean);
    for (const [index, part] of parts.entries()) {
      const next = join(at, part);
      const node = live.get(next);
      if (node?.kind === "link" && (last || index < parts.length - 1)) {
        const rest = parts.slice(index + 1);
        return follow(join(resolve(at, node.to), ...rest), last, depth + 1);
      }
      at = next;
    }
    return at;
  };
  const fileAt = (path: string): FileNode => {
    if (dead) throw dead;
    const node = live.get(follow(path, true));
    if (!node) throw systemError("ENOENT", path);
    if (node.kind !== "file") throw systemError("EISDIR", path);
    return node;
  };
  const needFolder = (path: string) => {
    const folder = live.get(dirname(path));
    if (!folder) throw systemError("ENOENT", path);
    if (folder.kind !== "dir") throw systemError("ENOTDIR", path);
  };
  const newFile = (path: string, data: Uint8Array, mode: number): FileNode => {
    needFolder(path);
    ticks += 1;
    const node: FileNode = { kind: "file", data: Buffer.from(data), durable: Buffer.alloc(0), mode, mtimeMs: ticks };
    live.set(path, node);
    return node;
  };
  const syncFolder = (folder: string) => {
    for (const path of [...names.keys()]) if (dirname(path) === folder && !live.has(path)) names.delete(path);
    for (const [path, node] of live) if (dirname(path) === folder) names.set(path, node);
  };
  const temporaryFile = (path: string, data: Uint8Array | string, mode: number): string => {
    temporary += 1;
    const base = path.slice(path.lastIndexOf("/") + 1);
    const temp = join(dirname(path), `.${base}.1.${temporary}.tmp`);
    const bytes = Buffer.from(data);
    writing("write", temp, () => newFile(temp, bytes.subarray(0, bytes.length >> 1), mode));
    const node = newFile(temp, bytes, mode);
    node.durable = node.data;
    return temp;
  };
  const move = (from: string, to: string) => {
    const node = live.get(from);
    if (!node) throw systemError("ENOENT", from);
    needFolder(to);
    moveSubtree(live, from, to);
  };

  const disk: MemoryDisk = {
    faults,
    operations: () => operations,
    crashed: () => dead !== undefined,
    read: (path) => Buffer.from(fileAt(path).data),
    readText: (path) => fileAt(path).data.toString("utf8"),
    readFrom: (path, offset) => Buffer.from(fileAt(path).data.subarray(offset)),
    stream: async function* (path) {
      const { data } = fileAt(path);
      for (let at = 0; at < data.length; at += 64 * 1024) yield data.subarray(at, at + 64 * 1024);
    },
    stat: (path) => {
      if (dead) throw dead;
      const node = live.get(follow(path, false));
      if (!node) return undefined;
      if (node.kind === "file") {
        return { kind: "file", size: node.data.length, mtimeMs: node.mtimeMs, mode: node.mode };
      }
      return { kind: node.kind, size: 0, mtimeMs: 0, mode: node.kind === "dir" ? node.mode : 0o777 };
    },
    list: (path) => {
      if (dead) throw dead;
      const folder = follow(path, true);
      return [...live.keys()]
        .filter((name) => name !== "/" && dirname(name) === folder)
        .map((name) => name.slice(name.lastIndexOf("/") + 1))
        .sort();
    },
    mkdir: (path, mode) => {
      const target = follow(path, true);
      if (live.get(target)?.kind === "dir") return;
      writing("mkdir", target);
      makeFolders(live, target, mode);
      for (const [name, node] of live) if (node.kind === "dir") names.set(name, node);
    },
    writeAtomic: (path, data, mode = 0o644) => {
      const target = follow(dirname(path), true);
      const name = join(target, path.slice(path.lastIndexOf("/") + 1));
      const temp = temporaryFile(name, data, mode);
      writing("rename", name);
      move(temp, name);
      writing("sync folder of", name);
      syncFolder(target);
      touched(name);
    },
    createExclusive: (path, data, mode = 0o644) => {
      const target = follow(dirname(path), true);
      const name = join(target, path.slice(path.lastIndexOf("/") + 1));
      const temp = temporaryFile(name, data, mode);
      writing("link", name);
      if (live.has(name)) {
        live.delete(temp);
        return false;
      }
      move(temp, name);
      writing("sync folder of", name);
      syncFolder(target);
      touched(name);
      return true;
    },
    openAppend: (path, mode = 0o644): AppendFile => {
      const name = follow(path, true);
      if (!live.has(name)) {
        writing("create", name);
        newFile(name, Buffer.alloc(0), mode);
      }
      const node = fileAt(name);
      return {
        append: (data) => {
          writing("append to", name, () => {
            node.data = Buffer.concat([node.data, data.subarray(0, data.length >> 1)]);
          });
          node.data = Buffer.concat([node.data, data]);
          ticks += 1;
          node.mtimeMs = ticks;
          touched(name);
        },
        sync: () => {
          writing("sync", name);
          node.durable = node.data;
        },
        size: () => {
          if (dead) throw dead;
          return node.data.length;
        },
        truncate: (size) => {
          writing("truncate", name);
          node.data = Buffer.from(node.data.subarray(0, size));
          touched(name);
        },
        close: () => {},
      };
    },
    rename: (from, to) => {
      writing("rename", to);
      const [source, target] = [follow(from, false), follow(to, false)];
      move(source, target);
      moveSubtree(names, source, target);
      syncFolder(dirname(source));
      syncFolder(dirname(target));
      touched(target);
    },
    copyFile: (from, to) => {
      const { data, mode } = fileAt(from);
      const name = follow(to, true);
      writing("copy to", name, () => newFile(name, data.subarray(0, data.length >> 1), mode));
      newFile(name, data, mode);
      touched(name);
    },
    remove: (path) => {
      const target = follow(path, false);
      const doomed = [...live.keys()].filter((name) => name === target || name.startsWith(`${target}/`)).sort();
      for (const name of doomed.reverse()) {
        writing("remove", name);
        if (live.get(name)?.kind === "dir") names.delete(name);
        live.delete(name);
        touched(name);
      }
    },
    realpath: (path) => {
      if (dead) throw dead;
      const target = follow(path, true);
      if (!live.has(target)) throw systemError("ENOENT", path);
      return target;
    },
    changed: (path, maxWait, signal) =>
      new Promise((done) => {
        const finish = () => {
          clearTimeout(timer);
          watchers.delete(watcher);
          signal.removeEventListener("abort", finish);
          done();
        };
        const watcher = { path: follow(path, true), wake: finish };
        // Waking for nothing is allowed; a short real wait keeps tests quick.
        const timer = setTimeout(finish, Math.min(maxWait, 5));
        watchers.add(watcher);
        signal.addEventListener("abort", finish, { once: true });
        if (signal.aborted) finish();
      }),
    restart: (kind, tornBytes = 0) => {
      const next = new Map<string, Node>();
      for (const [path, node] of kind === "kill" ? live : names) {
        if (node.kind !== "file") next.set(path, node);
        else next.set(path, { ...node, ...settled(node, kind, tornBytes) });
      }
      return diskOver(next, new Map(next), {});
    },
    symlink: (to, path) => {
      makeFolders(live, dirname(path));
      live.set(path, { kind: "link", to });
      names.set(path, { kind: "link", to });
    },
    dump: () => {
      const found = [...live].filter((entry): entry is [string, FileNode] => entry[1].kind === "file");
      return Object.fromEntries(found.map(([path, node]) => [path, node.data.toString("utf8")] as const).sort());
    },
  };
  return disk;
}

/** What is in a file when the next process looks. */
function settled(node: FileNode, kind: "kill" | "power", tornBytes: number): { data: Buffer; durable: Buffer } {
  if (kind === "kill") return { data: node.data, durable: node.data };
  const grown =
    node.data.length > node.durable.length && node.data.subarray(0, node.durable.length).equals(node.durable);
  const data = grown ? node.data.subarray(0, node.durable.length + tornBytes) : node.durable;
  return { data, durable: data };
}
