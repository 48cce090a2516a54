import { execFileSync, spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../tools/folder.ts";
import { PROGRAM, run } from "./process.ts";

const REPORT = (failing: boolean) =>
  `<testsuite name="shop"><testcase name="pays">${failing ? "<failure/>" : ""}</testcase></testsuite>`;
/** Writes the report that the revision's own file holds; waits where a file says so. */
const SUITE =
  "const fs=require('fs');fs.appendFileSync(process.env.RUNS,'x');" +
  "if(fs.existsSync('slow'))setTimeout(()=>{},60000);else fs.copyFileSync('result.xml',process.argv[1]);";

function repository(slow = false) {
  const runs = join(folderWith({ runs: "" }), "runs");
  const folder = folderWith({
    "result.xml": REPORT(false),
    "deploy.yaml": `service: shop
target:
  kind: sandbox
  artifact: releases/{version}
  command: [node, server.mjs]
  environments: { staging: { port: 0 }, production: { port: 0 } }
tests:
  candidate:
    command: [node, -e, ${JSON.stringify(SUITE)}, "{report}"]
    env: { RUNS: ${JSON.stringify(runs)} }
`,
    ...(slow ? { slow: "" } : {}),
  });
  const git = (...args: string[]) =>
    execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...args], {
      cwd: folder,
      encoding: "utf8",
    });
  git("init", "-q", "-b", "main");
  git("add", ".");
  git("commit", "-qm", "first");
  writeFileSync(join(folder, "now.xml"), REPORT(true));
  return { folder, git, left: () => readdirSync(join(folder, ".aiwg/git")).filter((name) => name.startsWith("tree-")) };
}

const check = (revision: string) => [
  "regression-check",
  "--baseline",
  revision,
  "--candidate",
  "now.xml",
  "--format",
  "json",
];

describe("a git revision as the baseline", () => {
  it("is tested in a checkout of its own, once per commit, and nothing of it is left", async () => {
    const { folder, git, left } = repository();
    const first = await run(folder, check("git:main"));
    expect(first.code, first.out).toBe(1);
    expect(JSON.parse(first.out)).toMatchObject({
      verdict: "FAIL",
      regressionRate: 100,
      inputs: [{ files: [`git:${git("rev-parse", "main").trim()}`] }, {}],
    });
    // A changed working copy changes nothing: it is the revision that is tested.
    writeFileSync(join(folder, "result.xml"), "none");
    expect((await run(folder, check("git:HEAD"))).out).toBe(first.out.replaceAll("git:main", "git:HEAD"));
    expect(left()).toEqual([]);
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
  });

  it("that does not exist is refused", async () => {
    const { folder } = repository();
    const ended = await run(folder, check("git:--help"));
    expect(ended.code).toBe(65);
    expect(ended.out).toContain("git rev-parse did not succeed");
  });

  it("leaves nothing behind for longer than the next check, when it is killed", async () => {
    const { folder, git, left } = repository(true);
    const child = spawn(process.execPath, [PROGRAM, ...check("git:main")], { cwd: folder, stdio: "ignore" });
    const tree = () => (existsSync(join(folder, ".aiwg/git")) ? left().filter((name) => !name.endsWith(".json")) : []);
    for (let i = 0; tree().length === 0 && i < 400; i += 1) await new Promise((resolve) => setTimeout(resolve, 50));
    child.kill("SIGKILL");
    await once(child, "exit");
    expect(left().length).toBeGreaterThan(0);
    git("rm", "-q", "slow");
    git("commit", "-qm", "fast");
    expect((await run(folder, check("git:main"))).code).toBe(1);
    expect(left()).toEqual([]);
    expect(git("worktree", "list").trim().split("\n")).toHaveLength(1);
  });
});
