import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { findReports, inspectReports, readReports } from "../../../mcp-server/evidence/tests/index.ts";
import { relativeTo } from "../../../mcp-server/evidence/tests/roots.ts";
import { realDisk } from "../../../mcp-server/ports/index.ts";
import { memoryDisk } from "../../fakes/index.ts";
import { junit, suite } from "./sources.ts";

const A = suite("A", '<testcase name="a1"/><testcase name="a2"/>');
const B = suite("B", '<testcase name="b1"/>');

describe("which files are read", () => {
  let root = "";
  beforeAll(() => {
    root = mkdtempSync(join(tmpdir(), "reports-"));
    const write = (path: string, text: string) => {
      mkdirSync(join(root, path, ".."), { recursive: true });
      writeFileSync(join(root, path), text);
    };
    write("out/TEST-A.xml", A);
    write("out/deep/TEST-B.xml", B);
    write("out/coverage.xml", "<coverage/>");
    write("out/package.json", '{"name":"x"}');
    write("out/notes.txt", "no report");
    write("out/node_modules/x/TEST-C.xml", B);
    write("out/[odd] name (1).xml", suite("C", '<testcase name="c1"/>'));
    symlinkSync(join(root, "out"), join(root, "link"));
    symlinkSync(join(root, "out"), join(root, "out/deep/loop"));
  });
  afterAll(() => rmSync(root, { recursive: true }));

  const names = async (...patterns: string[]) =>
    (await readReports(realDisk, patterns, { cwd: root })).rows.map((row) => row.name);

  test.each([
    ["a file", ["out/TEST-A.xml"], ["a1", "a2"]],
    ["an absolute path", ["ROOT/out/TEST-A.xml"], ["a1", "a2"]],
    ["a folder with its subfolders, links inside not followed", ["out"], ["a1", "a2", "c1", "b1"]],
    ["a link to a folder", ["link"], ["a1", "a2", "c1", "b1"]],
    ["a pattern", ["out/TEST-*.xml"], ["a1", "a2"]],
    ["a deep pattern", ["out/deep/**/TEST-B.xml"], ["b1"]],
    ["a name full of pattern characters", ["out/[odd] name (1).xml"], ["c1"]],
    ["the same file twice", ["out/TEST-A.xml", "out/../out/TEST-A.xml", "link/TEST-A.xml"], ["a1", "a2"]],
    ["folder and file in it", ["out", "out/TEST-A.xml"], ["a1", "a2", "c1", "b1"]],
  ])("%s", async (_, patterns, expected) => {
    const found = await names(...patterns.map((pattern) => pattern.replace("ROOT", root)));
    expect([...found].sort()).toEqual([...expected].sort());
  });

  test("what lies beside the reports is left out and said", async () => {
    const { warnings, files } = await inspectReports(realDisk, ["out"], { cwd: root });
    expect(files).toHaveLength(3);
    expect(warnings.map((warning) => warning.code)).toEqual(["not-a-report", "not-a-report"]);
  });

  test("findReports names them without reading them", async () => {
    const found = await findReports(realDisk, root, ["out/**/*.xml"]);
    expect(found.filter((path) => path.includes("coverage"))).toEqual([]);
    expect(found).toContain(join(root, "out/TEST-A.xml"));
  });

  test.each([
    ["a missing file", "out/TEST-Z.xml"],
    ["a pattern without matches", "out/*.trx"],
    ["a named file that is no report", "out/package.json"],
    ["a text file", "out/notes.txt"],
    ["a device", "/dev/null"],
  ])("%s is an error", async (_, pattern) => {
    await expect(readReports(realDisk, [pattern], { cwd: root })).rejects.toMatchObject({
      code: "unreadable",
      exit: 65,
    });
  });
});

describe("runs that prove nothing", () => {
  test.each([
    ["no test in any file", { "/p/a.xml": "<testsuites/>", "/p/b.xml": junit("") }],
    ["a folder without reports", { "/p/a.json": "{}" }],
    ["an empty file beside a good one", { "/p/a.xml": A, "/p/b.xml": "" }],
    ["a damaged file beside a good one", { "/p/a.xml": A, "/p/b.xml": "<testsuite><testcase" }],
  ])("%s", async (_, files) => {
    await expect(readReports(memoryDisk(files), ["."], { cwd: "/p" })).rejects.toMatchObject({ code: "unreadable" });
  });

  test("one empty report among others is a warning", async () => {
    const run = await readReports(memoryDisk({ "/p/a.xml": A, "/p/b.xml": "<testsuites/>" }), ["."], { cwd: "/p" });
    expect(run.counts.tests).toBe(2);
    expect(run.files.map((file) => file.warnings.map((warning) => warning.code))).toEqual([[], ["no-tests"]]);
  });
});

test("a copy of a file under another name counts once", async () => {
  const disk = memoryDisk({ "/p/a.xml": A, "/p/again.xml": A, "/p/b.xml": B });
  const run = await readReports(disk, ["."], { cwd: "/p" });
  expect(run.counts.tests).toBe(3);
  expect(run.warnings.map((warning) => warning.code)).toEqual(["same-file-twice"]);
});

test("the digest of a run does not depend on the names or the order of its files", async () => {
  const digest = async (files: Record<string, string>) =>
    (await readReports(memoryDisk(files), ["."], { cwd: "/p" })).rawSha256;
  expect(await digest({ "/p/1.xml": A, "/p/2.xml": B })).toBe(await digest({ "/p/9.xml": A, "/p/0.xml": B }));
  expect(await digest({ "/p/1.xml": A })).not.toBe(await digest({ "/p/1.xml": B }));
});

test("progress is told after each file", async () => {
  const told: [string, number][] = [];
  const disk = memoryDisk({ "/p/a.xml": A, "/p/b.xml": B });
  await readReports(disk, ["."], { cwd: "/p", onProgress: (file, tests) => told.push([file, tests]) });
  expect(told).toEqual([
    ["/p/a.xml", 2],
    ["/p/b.xml", 3],
  ]);
});

describe("paths become relative to the project", () => {
  const row = (file: string, name = "n") => ({
    status: "passed" as const,
    suite: [file, "s"],
    file,
    classname: file,
    name,
  });
  test.each([
    ["/w/app/test/a.ts", "test/a.ts"],
    ["file:///w/app/test/a.ts", "test/a.ts"],
    ["/w/app/nested/a.ts", "a.ts"],
    ["/w/application/a.ts", "/w/application/a.ts"],
    ["test/a.ts", "test/a.ts"],
  ])("%s", (file, expected) => {
    const relative = relativeTo(["/w/app", "/w/app/nested"]);
    expect(relative(row(file, file))).toEqual(row(expected, expected));
  });

  test("two checkouts of the same test give the same row", async () => {
    const report = (root: string) => suite("s", `<testcase name="a" file="${root}/a.ts"/>`);
    const read = async (root: string) =>
      (await readReports(memoryDisk({ "/r.xml": report(root) }), ["/r.xml"], { cwd: "/", roots: [root] })).rows;
    expect(await read("/one")).toEqual(await read("/two"));
  });
});
