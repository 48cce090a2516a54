import { mkdirSync, mkdtempSync, rmSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { realDisk } from "../../mcp-server/ports/index.ts";
import { confine } from "../../mcp-server/record/confine.ts";
import { FlowError } from "../../mcp-server/vocab/index.ts";
import { memoryDisk } from "../fakes/index.ts";

const base = mkdtempSync(join(tmpdir(), "confine-"));
const root = join(base, "project");
mkdirSync(join(root, "reports/inner"), { recursive: true });
mkdirSync(join(base, "project-secrets"));
symlinkSync(base, join(root, "up"));
symlinkSync("reports", join(root, "alias"));
symlinkSync("/nowhere/at/all", join(root, "dangling"));
symlinkSync("loop", join(root, "loop"));
symlinkSync("../project-secrets", join(root, "sibling"));
symlinkSync("../../project-secrets", join(root, "reports/nested"));
afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("a path that tools name", () => {
  it.each([
    ["reports/a.xml", "reports/a.xml"],
    ["./reports//a.xml", "reports/a.xml"],
    ["new/folder/a.md", "new/folder/a.md"],
    ["alias/a.xml", "alias/a.xml"],
    ["..hidden/a", "..hidden/a"],
    [".", ""],
    ["ünïcode/日本.md", "ünïcode/日本.md"],
  ])("%j stays inside", (relative, expected) => {
    expect(confine(realDisk, root, relative)).toBe(join(root, expected));
  });

  it.each([
    "",
    "..",
    "../x",
    "reports/../../x",
    "reports/..",
    "/etc/passwd",
    "C:/x",
    "a\\..\\b",
    "a\0b",
    "a\nb",
    "a\u202eb",
    "up/x",
    "up",
    "sibling/key",
    "reports/nested",
    "alias/nested/key",
    "dangling",
    "dangling/x",
    "loop/x",
  ])("%j is refused", (relative) => {
    expect(() => confine(realDisk, root, relative)).toThrow(FlowError);
  });

  it("never resolves outside, whatever it is made of", () => {
    const part = fc.oneof(
      fc.constantFrom(
        "..",
        ".",
        "",
        "reports",
        "inner",
        "alias",
        "up",
        "sibling",
        "nested",
        "dangling",
        "loop",
        "~",
        "x",
      ),
      fc.string({ maxLength: 6 }),
    );
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        let path: string;
        try {
          path = confine(realDisk, root, parts.join("/"));
        } catch (error) {
          expect(error).toMatchObject({ code: "refused" });
          return;
        }
        let existing = path;
        while (!realDisk.stat(existing)) existing = join(existing, "..");
        const real = realDisk.realpath(existing);
        expect(real === root || real.startsWith(`${root}/`)).toBe(true);
      }),
      { numRuns: 2_000 },
    );
  });

  it("is judged the same on the disk that tests use", () => {
    const disk = memoryDisk({ "/home/project/reports/a.xml": "", "/home/other/key": "" });
    disk.symlink("../other", "/home/project/out");
    disk.symlink("reports", "/home/project/alias");
    expect(confine(disk, "/home/project", "alias/a.xml")).toBe("/home/project/alias/a.xml");
    expect(() => confine(disk, "/home/project", "out/key")).toThrow("leaves the folder");
  });
});
