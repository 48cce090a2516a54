import { execFile } from "node:child_process";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { ROOT, split } from "../docs/pages.ts";
import { PROGRAM } from "../hosts/process.ts";

const PAGE = readFileSync(join(ROOT, "docs/getting-started.md"), "utf8");
const base = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-newcomer-")));
const project = join(base, "hello");
const programs = join(base, "bin");

/** Part of the page below the heading with this number. */
function section(number: number): string {
  const text = PAGE.split(/^## /m).find((one) => one.startsWith(`${number}. `));
  if (text === undefined) throw new Error(`the page has no section ${number}`);
  return text;
}

/** The shell lines of a section, in their order. */
function commandsOf(number: number): string {
  return split(section(number))
    .blocks.filter((block) => block.language === "sh")
    .map((block) => block.text)
    .join("\n");
}

/** Runs the lines of a section as a reader would type them. */
function follow(number: number): Promise<{ code: number; out: string }> {
  const env = { ...process.env, PATH: `${programs}:${process.env.PATH}` };
  return new Promise((resolve) => {
    execFile("bash", ["-c", commandsOf(number)], { cwd: project, env, maxBuffer: 2 ** 24 }, (error, out, err) =>
      resolve({ code: typeof error?.code === "number" ? error.code : 0, out: `${out}${err}` }),
    );
  });
}

mkdirSync(project);
mkdirSync(programs);
writeFileSync(join(programs, "deploy-flow"), `#!/bin/sh\nexec "${process.execPath}" "${PROGRAM}" "$@"\n`);
chmodSync(join(programs, "deploy-flow"), 0o755);
afterAll(async () => {
  await follow(7);
  rmSync(base, { recursive: true, force: true });
});

describe("a newcomer who follows docs/getting-started.md to the letter", { timeout: 240_000 }, () => {
  it("makes the files of the service", () => {
    const named = [...section(2).matchAll(/^`([\w.]+)`:\n\n```\w+\n([\s\S]*?)^```/gm)];
    expect(named.map(([, name]) => name)).toEqual(["package.json", "answer.mjs", "server.mjs", "answer.test.mjs"]);
    for (const [, name = "", content = ""] of named) writeFileSync(join(project, name), content);
  });

  it("gets a deploy.yaml from init", async () => {
    const { code, out } = await follow(3);
    expect(out).toMatch(/target\.command: node server\.mjs/);
    expect(out).toMatch(/smoke\.checks\[0\]\.expect\.jsonVersion: version {2}\(http:\/\/127\.0\.0\.1:8191 answered\)/);
    expect(code).toBe(0);
    expect(existsSync(join(project, "deploy.yaml"))).toBe(true);
  });

  it("deploys the first version", async () => {
    const { code, out } = await follow(4);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.0\.0/);
    expect(out).toContain('{"greeting":"hello","version":"1.0.0"}');
    expect(code).toBe(0);
  });

  // A service that answers in two milliseconds is slower while the machine has other work: the page says so, and a reader
  // tries again.
  it("deploys the next one, compared with the first", { retry: 1 }, async () => {
    const { code, out } = await follow(5);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.1\.0/);
    expect(code).toBe(0);
  });

  it("is kept from the one that loses a test", async () => {
    const { code, out } = await follow(6);
    expect(out).toMatch(/OUTCOME BLOCKED: production runs 1\.1\.0/);
    expect(out).toMatch(/tests: 1 of 2 tests/);
    expect(code).toBe(10);
  });

  it("finds all of it in the record", async () => {
    const { code, out } = await follow(7);
    expect(code).toBe(0);
    for (const outcome of ["SUCCESS", "BLOCKED"]) expect(out).toContain(outcome);
    expect(out).toContain("the sandbox is stopped");
  });
});
