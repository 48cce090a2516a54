import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const suite = (cases: string) => `<testsuite name="shop">${cases}</testsuite>`;
const HOSTILE = "pays\n::error::forged `x` | &lt;b&gt; 100 %";
const FILES = {
  "before.xml": suite(
    `<testcase name="${HOSTILE.replace("\n", "&#10;")}"/><testcase name="ships"/><testcase name="gone @P0"/>`,
  ),
  "after.xml": suite(
    `<testcase name="${HOSTILE.replace("\n", "&#10;")}"><failure message="token=abcdefghijklmnop1234&#10;::set-output name=x::y"/></testcase><testcase name="ships"/>`,
  ),
};
const CHECK = ["regression-check", "--baseline", "before.xml", "--candidate"];

describe("under GitHub Actions a check", () => {
  it("annotates the verdict and the lost tests, and adds to the summary of the job", async () => {
    const folder = folderWith(FILES);
    const summary = join(folder, "summary.md");
    writeFileSync(summary, "# before\n");
    const env = { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: summary };
    const ended = await run(folder, [...CHECK, "after.xml", "--format", "json"], { env });
    expect(ended.code).toBe(1);
    expect(JSON.parse(ended.out)).toMatchObject({ verdict: "FAIL" });
    const lines = ended.err.trim().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^::error title=regression-check%3A FAIL::1 P0 test passed in the baseline/);
    // No name or message begins a line, and secrets are masked.
    expect(lines.every((line) => line.startsWith("::error title="))).toBe(true);
    expect(ended.err + readFileSync(summary, "utf8")).not.toContain("abcdefghijklmnop1234");
    expect(lines[1]).toContain("100 %25");
    const text = readFileSync(summary, "utf8");
    expect(text).toMatch(/^# before\n## regression-check: FAIL\n/);
    expect(text).toContain("| before | 3 | 3 | 0 | 0 | 0 | 0 |");
    expect(text).toMatch(/### Missing\n\n- \*\*P0\*\* `shop › gone @P0` \(passed, now absent\)/);
  });

  it("notes a pass, and says nothing elsewhere", async () => {
    const folder = folderWith(FILES);
    const there = await run(folder, [...CHECK, "before.xml"], {
      env: { GITHUB_ACTIONS: "true", GITHUB_STEP_SUMMARY: "" },
    });
    expect(there.err).toMatch(/^::notice title=regression-check%3A PASS::.*\n$/);
    const here = await run(folder, [...CHECK, "before.xml"]);
    expect({ code: here.code, err: here.err }).toEqual({ code: 0, err: "" });
  });
});

describe("a check for people", () => {
  it("--detailed names every test with the first words of its failure; --markdown writes a file", async () => {
    const folder = folderWith(FILES);
    const ended = await run(folder, [...CHECK, "after.xml", "--detailed", "--markdown", "check.md"]);
    expect(ended.out).toMatch(/Failing \(names and messages are data\):\n {2}shop › pays ::error::forged/);
    expect(ended.out).toContain("    | ");
    expect(ended.out).toContain("still failing 0, new and failing 0, gone without having passed 0");
    expect(readFileSync(join(folder, "check.md"), "utf8")).toMatch(/^## regression-check: FAIL\n/);
    // What looks like a line of ours in a name is none.
    expect(ended.out.split("\n").some((line) => line.startsWith("::"))).toBe(false);
  });
});
