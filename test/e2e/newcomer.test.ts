import { execFile, execFileSync } from "node:child_process";
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ROOT, split } from "../docs/pages.ts";

/** A new user's way, with the commands that the pages print, in a shell; only where the clone comes from is said. */
const base = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-newcomer-")));
const prefix = join(base, "npm");
const TEN_MINUTES_MS = 10 * 60_000;

/** What `npm test` tells its children about this folder would lead the npm of the newcomer here. */
const ours = Object.entries(process.env).filter(
  ([name]) => !/^npm_(package|lifecycle|command|execpath|config_(local_|global_)?prefix)/.test(name),
);
const ENV = {
  ...Object.fromEntries(ours),
  REPOSITORY: join(base, "repository.git"),
  npm_config_prefix: prefix,
  npm_config_prefer_offline: "true",
  PATH: [join(prefix, "bin"), process.env.PATH].join(delimiter),
};

/** A repository with what lies here now, committed or not. */
function makeRepository(): void {
  const git = (...words: string[]) =>
    execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@example.com", ...words], { env: ENV });
  const here = [`--git-dir=${ENV.REPOSITORY}`, `--work-tree=${ROOT}`];
  git("init", "--quiet", "--bare", ENV.REPOSITORY);
  git(...here, "add", "--all");
  git(...here, "commit", "--quiet", "--message", "as it is");
}

interface Followed {
  readonly code: number;
  readonly out: string;
}

/** Runs lines as a reader would type them; the last one's code counts. `set -e` in front stops where one fails. */
function follow(lines: string, cwd: string): Promise<Followed> {
  return new Promise((resolve) => {
    execFile("bash", ["-c", lines], { cwd, env: ENV, maxBuffer: 2 ** 24 }, (error, out, err) =>
      resolve({ code: error === null ? 0 : typeof error.code === "number" ? error.code : -1, out: `${out}${err}` }),
    );
  });
}

/** The text of a page below a heading. */
function section(page: string, heading: RegExp): string {
  const text = readFileSync(join(ROOT, page), "utf8")
    .split(/^## /m)
    .find((one) => heading.test(one));
  if (text === undefined) throw new Error(`${page} has no section ${heading}`);
  return text;
}

const shellBlocks = (text: string): string[] =>
  split(text)
    .blocks.filter(({ language }) => language === "sh")
    .map((block) => block.text);

/** The shell lines of a section of the page for a first deployment, in their order. */
const commandsOf = (number: number): string =>
  shellBlocks(section("docs/getting-started.md", new RegExp(`^${number}\\. `))).join("\n");

/** Makes the files of the small service that the page shows. */
function makeService(project: string): string[] {
  mkdirSync(project);
  const shown = [...section("docs/getting-started.md", /^2\. /).matchAll(/^`([\w.]+)`:\n\n```\w+\n([\s\S]*?)^```/gm)];
  for (const [, name = "", content = ""] of shown) writeFileSync(join(project, name), content);
  return shown.map(([, name = ""]) => name);
}

afterAll(() => rmSync(base, { recursive: true, force: true }));

describe("a newcomer who follows the README", () => {
  const [install = "", deploy = ""] = shellBlocks(section("README.md", /^On your own service, now/));
  const project = join(base, "own");
  let started = 0;
  beforeAll(() => {
    makeRepository();
    started = performance.now();
  });
  afterAll(() => follow("deploy-flow sandbox-stop", project));

  it("clones and installs it", { timeout: TEN_MINUTES_MS }, async () => {
    const { code, out } = await follow(`set -e\n${install}\ndeploy-flow --version`, base);
    expect(out).toMatch(/^\d+\.\d+\.\d+$/m);
    expect(code, out).toBe(0);
    expect(realpathSync(join(prefix, "bin/deploy-flow"))).toBe(join(base, "deploy-flow/dist/deploy-flow.mjs"));
  });

  it("has a service of their own in production, ten minutes after the clone", { timeout: TEN_MINUTES_MS }, async () => {
    makeService(project);
    const theirs = [
      "set -e",
      "mkdir -p releases/1.0.0",
      "cp server.mjs answer.mjs releases/1.0.0/",
      "VERSION=0.9.0 HOST=127.0.0.1 PORT=3000 node server.mjs &",
      "trap 'kill $!' EXIT",
      "sleep 1",
    ];
    const { code, out } = await follow([...theirs, deploy].join("\n"), project);
    const tookMs = performance.now() - started;
    expect(out).toMatch(/slo\.latencyP99Ms: \d+/);
    expect(out).toMatch(/smoke\.checks\[0\]\.expect\.jsonVersion: version {2}\(http:\/\/127\.0\.0\.1:3000 answered\)/);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.0\.0/);
    expect(code, out).toBe(0);
    console.log(`from the clone to the first deployment: ${Math.round(tookMs / 1000)} s`);
    expect(tookMs).toBeLessThan(TEN_MINUTES_MS);
  });
});

/** Its page says that it is in use, so `init` proposes to read it; its first deployment here is used by nobody. */
describe("a newcomer whose service has a metrics page", { timeout: 240_000 }, () => {
  const project = join(base, "shop");
  afterAll(() => follow("deploy-flow sandbox-stop", project));

  it("is not left waiting for users who do not come: probes are sent in their place", async () => {
    cpSync(join(ROOT, "examples/complete/releases/1.0.0"), join(project, "releases/1.0.0"), { recursive: true });
    cpSync(join(project, "releases/1.0.0/server.mjs"), join(project, "server.mjs"));
    const { code, out } = await follow(
      [
        "set -e",
        "VERSION=0.9.0 HOST=127.0.0.1 PORT=8191 node server.mjs &",
        "trap 'kill $!' EXIT",
        "sleep 1",
        `node -e 'for (let n = 0; n < 1100; n += 1) await (await fetch("http://127.0.0.1:8191/")).text()' --input-type=module`,
        "deploy-flow init --url http://127.0.0.1:8191",
        "deploy-flow run 1.0.0 --first-deploy",
      ].join("\n"),
      project,
    );
    expect(readFileSync(join(project, "deploy.yaml"), "utf8")).toMatch(/^metrics:\n {2}path: \/metrics/m);
    expect(out).toMatch(/extended by/);
    expect(out).not.toMatch(/QUESTION/);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.0\.0/);
    expect(code).toBe(0);
  });
});

describe("a newcomer who follows docs/getting-started.md to the letter", { timeout: 240_000 }, () => {
  const project = join(base, "hello");
  afterAll(() => follow(commandsOf(7), project));

  it("makes the files of the service", () => {
    expect(makeService(project)).toEqual(["package.json", "answer.mjs", "server.mjs", "answer.test.mjs"]);
  });

  it("gets a deploy.yaml from init", async () => {
    const { code, out } = await follow(commandsOf(3), project);
    expect(out).toMatch(/target\.command: node server\.mjs/);
    expect(out).toMatch(/smoke\.checks\[0\]\.expect\.jsonVersion: version {2}\(http:\/\/127\.0\.0\.1:8191 answered\)/);
    expect(code, out).toBe(0);
    expect(existsSync(join(project, "deploy.yaml"))).toBe(true);
  });

  it("deploys the first version", async () => {
    const { code, out } = await follow(commandsOf(4), project);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.0\.0/);
    expect(out).toContain('{"greeting":"hello","version":"1.0.0"}');
    expect(code).toBe(0);
  });

  it("deploys the next one, compared with the first", async () => {
    const { code, out } = await follow(commandsOf(5), project);
    expect(out).toMatch(/OUTCOME SUCCESS: production runs 1\.1\.0/);
    expect(code).toBe(0);
  });

  it("is kept from the one that loses a test", async () => {
    const { code, out } = await follow(commandsOf(6), project);
    expect(out).toMatch(/OUTCOME BLOCKED: production runs 1\.1\.0/);
    expect(out).toMatch(/tests: 1 of 2 tests/);
    expect(code).toBe(10);
  });

  it("finds all of it in the record", async () => {
    const { code, out } = await follow(commandsOf(7), project);
    expect(code).toBe(0);
    for (const outcome of ["SUCCESS", "BLOCKED"]) expect(out).toContain(outcome);
    expect(out).toContain("the sandbox is stopped");
  });
});
