import { mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Disk, realDisk } from "../../mcp-server/ports/index.ts";
import { memoryDisk } from "../fakes/index.ts";

const base = mkdtempSync(join(tmpdir(), "disk-"));
afterAll(() => rmSync(base, { recursive: true, force: true }));
let made = 0;

interface Place {
  disk: Disk;
  root: string;
  symlink(to: string, path: string): void;
}

const places: [string, () => Place][] = [
  [
    "the real disk",
    () => {
      made += 1;
      const root = join(base, String(made));
      mkdirSync(root);
      return { disk: realDisk, root, symlink: (to, path) => symlinkSync(to, join(root, path)) };
    },
  ],
  [
    "the disk in memory",
    () => {
      const disk = memoryDisk();
      disk.mkdir("/root");
      return { disk, root: "/root", symlink: (to, path) => disk.symlink(to, join("/root", path)) };
    },
  ],
];

const text = (bytes: Uint8Array) => Buffer.from(bytes).toString("utf8");

describe.each(places)("%s", (_name, place) => {
  it("writes whole files and replaces them", () => {
    const { disk, root } = place();
    const path = join(root, "a");
    disk.writeAtomic(path, "one");
    disk.writeAtomic(path, Buffer.from("two"), 0o600);
    expect(disk.readText(path)).toBe("two");
    expect(disk.stat(path)).toMatchObject({ kind: "file", size: 3, mode: 0o600 });
    expect(disk.list(root)).toEqual(["a"]);
  });

  it("creates exclusively: the first wins, and nothing is left of the second", () => {
    const { disk, root } = place();
    const path = join(root, "a");
    expect(disk.createExclusive(path, "first")).toBe(true);
    expect(disk.createExclusive(path, "second")).toBe(false);
    expect(disk.readText(path)).toBe("first");
    expect(disk.list(root)).toEqual(["a"]);
  });

  it("appends, cuts, and reads from a place on", () => {
    const { disk, root } = place();
    const path = join(root, "a");
    const file = disk.openAppend(path);
    file.append(Buffer.from("hello "));
    file.append(Buffer.from("world"));
    file.sync();
    expect(file.size()).toBe(11);
    expect(text(disk.readFrom(path, 6))).toBe("world");
    expect(text(disk.readFrom(path, 99))).toBe("");
    file.truncate(5);
    file.append(Buffer.from("!"));
    file.close();
    expect(text(disk.read(path))).toBe("hello!");
  });

  it("appends at the end, also when another has appended meanwhile", () => {
    const { disk, root } = place();
    const path = join(root, "a");
    const [one, two] = [disk.openAppend(path), disk.openAppend(path)];
    one.append(Buffer.from("1"));
    two.append(Buffer.from("2"));
    one.append(Buffer.from("3"));
    expect(disk.readText(path)).toBe("123");
    expect([one.size(), two.size()]).toEqual([3, 3]);
    one.close();
    two.close();
  });

  it("makes folders with their parents, lists sorted, and nothing for a missing one", () => {
    const { disk, root } = place();
    disk.mkdir(join(root, "x/y/z"));
    disk.mkdir(join(root, "x/y/z"));
    disk.writeAtomic(join(root, "x/b"), "");
    disk.writeAtomic(join(root, "x/a"), "");
    expect(disk.list(join(root, "x"))).toEqual(["a", "b", "y"]);
    expect(disk.stat(join(root, "x/y"))?.kind).toBe("dir");
    expect(disk.list(join(root, "none"))).toEqual([]);
    expect(disk.stat(join(root, "none"))).toBeUndefined();
  });

  it("renames files and folders, copies, and removes whole folders", () => {
    const { disk, root } = place();
    disk.mkdir(join(root, "x/y"));
    disk.writeAtomic(join(root, "x/y/a"), "a");
    disk.rename(join(root, "x"), join(root, "z"));
    disk.copyFile(join(root, "z/y/a"), join(root, "b"));
    disk.rename(join(root, "b"), join(root, "c"));
    expect(disk.readText(join(root, "z/y/a")) + disk.readText(join(root, "c"))).toBe("aa");
    disk.remove(join(root, "z"));
    disk.remove(join(root, "z"));
    expect(disk.list(root)).toEqual(["c"]);
  });

  it("streams what it reads", async () => {
    const { disk, root } = place();
    const data = Buffer.alloc(700_000, "abc");
    disk.writeAtomic(join(root, "big"), data);
    const chunks: Uint8Array[] = [];
    for await (const chunk of disk.stream(join(root, "big"))) chunks.push(Buffer.from(chunk));
    expect(Buffer.concat(chunks).equals(data)).toBe(true);
    expect(chunks.length).toBeGreaterThan(1);
  });

  it.each<[string, string, (disk: Disk, path: string) => unknown]>([
    ["reading", "ENOENT", (disk, path) => disk.read(path)],
    ["reading from a place", "ENOENT", (disk, path) => disk.readFrom(path, 0)],
    ["renaming", "ENOENT", (disk, path) => disk.rename(path, `${path}2`)],
    ["resolving", "ENOENT", (disk, path) => disk.realpath(path)],
    ["writing below a missing folder", "ENOENT", (disk, path) => disk.writeAtomic(join(path, "a"), "")],
  ])("says %s of a missing file as the system does", (_what, code, act) => {
    const { disk, root } = place();
    expect(() => act(disk, join(root, "missing"))).toThrow(expect.objectContaining({ code }));
  });

  it("shows links as links, and follows them when it reads and resolves", () => {
    const { disk, root, symlink } = place();
    disk.mkdir(join(root, "real"));
    disk.writeAtomic(join(root, "real/a"), "a");
    symlink("real", "alias");
    symlink("nowhere", "dangling");
    expect(disk.stat(join(root, "alias"))?.kind).toBe("link");
    expect(disk.readText(join(root, "alias/a"))).toBe("a");
    expect(disk.stat(join(root, "alias/a"))?.kind).toBe("file");
    expect(disk.realpath(join(root, "alias/a"))).toBe(join(disk.realpath(root), "real/a"));
    expect(() => disk.realpath(join(root, "dangling"))).toThrow(expect.objectContaining({ code: "ENOENT" }));
    disk.remove(join(root, "alias"));
    expect(disk.readText(join(root, "real/a"))).toBe("a");
  });

  it("wakes who waits for a file when it changes, when time is up, and when it is told to", async () => {
    const { disk, root } = place();
    const path = join(root, "a");
    disk.writeAtomic(path, "1");
    const never = new AbortController().signal;
    const waiting = disk.changed(path, 30_000, never);
    const file = disk.openAppend(path);
    file.append(Buffer.from("2"));
    await waiting;
    await disk.changed(path, 20, never);
    await disk.changed(join(root, "missing"), 20, never);
    const stop = new AbortController();
    const stopped = disk.changed(path, 30_000, stop.signal);
    stop.abort();
    await stopped;
    await disk.changed(path, 30_000, AbortSignal.abort());
    file.close();
    expect(disk.readText(path)).toBe("12");
  });
});

describe("the real disk when writing fails", () => {
  it("leaves no temporary file behind", () => {
    const root = join(base, "failing");
    mkdirSync(join(root, "a/b"), { recursive: true });
    writeFileSync(join(root, "a/b/c"), "");
    // A folder that is not empty cannot be replaced by a file.
    expect(() => realDisk.writeAtomic(join(root, "a"), "x")).toThrow();
    expect(realDisk.createExclusive(join(root, "a"), "x")).toBe(false);
    expect(readdirSync(root)).toEqual(["a"]);
  });
});

describe("the disk in memory when it is told to fail", () => {
  it.each(["ENOSPC", "EACCES", "EIO"] as const)(
    "says %s from the given operation on, and again works without",
    (code) => {
      const disk = memoryDisk({ "/a": "old" });
      disk.faults.failFrom = { operation: disk.operations() + 1, code };
      expect(() => disk.writeAtomic("/a", "new")).toThrow(expect.objectContaining({ code }));
      expect(disk.readText("/a")).toBe("old");
      delete disk.faults.failFrom;
      disk.writeAtomic("/a", "new");
      expect(disk.readText("/a")).toBe("new");
    },
  );

  it("keeps, after a power failure, what was synced; after a kill, what was written", () => {
    const disk = memoryDisk({ "/a": "" });
    const file = disk.openAppend("/a");
    file.append(Buffer.from("synced"));
    file.sync();
    file.append(Buffer.from("-not"));
    disk.remove("/b");
    expect(disk.restart("power").readText("/a")).toBe("synced");
    expect(disk.restart("power", 2).readText("/a")).toBe("synced-n");
    expect(disk.restart("kill").readText("/a")).toBe("synced-not");
  });

  it("is as dead as its process after a crash", () => {
    const disk = memoryDisk({ "/a": "1" }, { crashAt: 1 });
    expect(() => disk.writeAtomic("/a", "2")).toThrow("crashed at disk operation 1");
    expect(() => disk.read("/a")).toThrow("crashed");
    expect(() => disk.list("/")).toThrow("crashed");
    expect(disk.restart("kill").readText("/a")).toBe("1");
  });
});
