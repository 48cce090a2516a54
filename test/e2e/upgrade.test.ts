import { execFileSync } from "node:child_process";
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  realpathSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readLock } from "../../mcp-server/record/lock.ts";
import { type McpClient, overStdio, type Seen } from "../hosts/mcp-client.ts";
import { lostRequests } from "./traffic.ts";
import { BUNDLE, makeWorld, servingNow, type World } from "./world.ts";

const ROOT = join(import.meta.dirname, "../..");
const OLD_VERSION = "0.0.9";
/** In the reports of the earlier version only. */
const OLD_TITLE = "# Deployment report of the old program:";

/** The package of an earlier version: another number, another title of a report, a reference that is gone since. */
function earlierPackage(folder: string): string {
  const { version } = JSON.parse(readFileSync(join(ROOT, "package.json"), "utf8")) as { version: string };
  cpSync(join(ROOT, "skill"), join(folder, "skill"), { recursive: true });
  rmSync(join(folder, "skill/dist"), { recursive: true, force: true });
  writeFileSync(join(folder, "skill/references/gone.md"), "# Gone since\n");
  const text = readFileSync(BUNDLE, "utf8");
  const earlier = text.replaceAll(`"${version}"`, `"${OLD_VERSION}"`).replace("# Deployment report:", OLD_TITLE);
  expect(earlier).toContain(OLD_TITLE);
  const program = join(folder, "dist/deploy-flow.mjs");
  mkdirSync(dirname(program));
  writeFileSync(program, earlier);
  cpSync(join(dirname(BUNDLE), "guard.mjs"), join(folder, "dist/guard.mjs"));
  return program;
}

/** Every file below a folder, with what it holds. */
function contents(folder: string): Record<string, string> {
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true });
  return Object.fromEntries(
    entries.map((entry) => {
      const path = join(entry.parentPath, entry.name);
      return [path.slice(folder.length + 1), entry.isFile() ? readFileSync(path, "utf8") : "a folder"];
    }),
  );
}

let scratch: string;
let home: string;
let earlier: string;
/** Where a host starts the server from. */
let installed: string;
beforeAll(() => {
  scratch = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-upgrade-")));
  home = join(scratch, "home");
  mkdirSync(join(home, ".claude/skills/mine"), { recursive: true });
  writeFileSync(join(home, ".claude/skills/mine/SKILL.md"), "mine");
  writeFileSync(join(home, ".claude/settings.json"), "{}");
  earlier = earlierPackage(join(scratch, "earlier"));
  installed = join(home, ".claude/skills/flow-deploy-to-production/dist/deploy-flow.mjs");
});
afterAll(() => rmSync(scratch, { recursive: true, force: true }));

function flow(program: string, ...words: string[]): string {
  const env = { PATH: process.env.PATH ?? "", HOME: home };
  return execFileSync(process.execPath, [program, ...words], { cwd: home, env, encoding: "utf8" });
}

describe("the installed program is replaced while a deployment goes on", () => {
  let world: World;
  beforeAll(async () => {
    flow(earlier, "install");
    world = await makeWorld({
      entry: [process.execPath, installed],
      // Wide where a busy machine could look like a bad release, and time to be upgraded in.
      edits: [
        [["canary", "stageDuration"], "4s"],
        [["regressionThreshold"], 100],
        [["triggers", "latencyP99Pct"], 5_000],
        [["slo", "latencyP99Ms"], 8_000],
      ],
    });
  });
  afterAll(() => world.close());

  const onInstalled = () =>
    overStdio({ program: installed, args: ["serve", "--project", world.project.root], cwd: world.project.root });

  /** Starts a run as a host does, and returns in the middle of it, with the runner's process. */
  async function startedRun(version: string): Promise<{ agent: McpClient; pid: number }> {
    const agent = await onInstalled();
    const started = await agent.call("deploy-start", { version, depth: "minimal" });
    expect(started.isError, started.text).toBe(false);
    const isWatched = () => {
      const events = world.events().map(({ event }) => event);
      const isOurs = events.some((event) => event.event === "run-opened" && event.version === version);
      return isOurs && events.some(({ event }) => event === "watch-started");
    };
    while (!isWatched()) await world.project.ports.clock.sleep(20);
    const owner = readLock(world.project.ports.disk, world.project.paths.lock);
    return { agent, pid: owner?.pid ?? 0 };
  }

  async function toItsEnd(agent: McpClient): Promise<Seen[]> {
    const seen: Seen[] = [];
    for (;;) {
      const next = await agent.call("deploy-next", { wait: 5 });
      expect(next.isError, next.text).toBe(false);
      seen.push(next);
      if (next.data?.archive !== undefined) return seen;
    }
  }

  const reportOf = (archive: unknown, version: string) =>
    readFileSync(
      join(world.project.root, String(archive), `artifacts/reports/deployment-report-${version}.md`),
      "utf8",
    );
  const owners = () => world.events().filter(({ event }) => event.event === "ownership").length;
  const versionThere = () => flow(installed, "--version").trim();

  test("its runner goes on with the program that it started with, and the next conversation reads it rightly", async () => {
    expect(versionThere()).toBe(OLD_VERSION);
    const { agent, pid } = await startedRun("2.0.0");
    flow(BUNDLE, "install");
    expect(versionThere()).not.toBe(OLD_VERSION);
    expect(existsSync(join(dirname(installed), "../references/gone.md"))).toBe(false);
    expect(() => process.kill(pid, 0)).not.toThrow();
    expect(readLock(world.project.ports.disk, world.project.paths.lock)?.pid).toBe(pid);
    await agent.close();

    const next = await onInstalled();
    const seen = await toItsEnd(next);
    await next.close();
    expect(seen.at(-1)?.data).toMatchObject({ outcome: "SUCCESS", runningVersion: "2.0.0" });
    expect(seen.filter(({ data }) => data?.announcement !== undefined)).toEqual([]);
    expect(owners()).toBe(1);
    const archive = String(seen.at(-1)?.data?.archive);
    expect(reportOf(archive, "2.0.0")).toContain(OLD_TITLE);
    expect(flow(installed, "verify", join(world.project.root, archive), "--project", world.project.root)).toBeTruthy();
    expect(lostRequests(world.load.records)).toEqual([]);
  });

  test("and when that runner dies, the new program takes the run over and says so", async () => {
    flow(earlier, "install");
    const { agent, pid } = await startedRun("3.0.0");
    await agent.close();
    flow(BUNDLE, "install");
    process.kill(pid, "SIGKILL");
    const next = await onInstalled();
    const seen = await toItsEnd(next);
    await next.close();
    expect(seen[0]?.text).toMatch(/was not running|started again/);
    expect(seen.at(-1)?.data).toMatchObject({ outcome: "SUCCESS", runningVersion: "3.0.0" });
    expect(owners()).toBe(2);
    expect(reportOf(seen.at(-1)?.data?.archive, "3.0.0")).not.toContain(OLD_TITLE);
  });

  test("removed afterwards, nothing is left and nothing else was touched; production goes on", async () => {
    const project = contents(world.project.root);
    flow(installed, "uninstall");
    expect(contents(home)).toEqual({
      ".claude": "a folder",
      ".claude/settings.json": "{}",
      ".claude/skills": "a folder",
      ".claude/skills/mine": "a folder",
      ".claude/skills/mine/SKILL.md": "mine",
    });
    expect(Object.keys(contents(world.project.root)).filter((path) => !(path in project))).toEqual([]);
    expect((await servingNow(world.project)).filter(({ weightPct }) => weightPct > 0)).toHaveLength(1);
    const runners = readdirSync("/proc").filter((id) => /^\d+$/.test(id) && commandOf(id).includes(installed));
    // What serves production is the sandbox's own process; of the program nothing else runs.
    expect(runners.map(commandOf).filter((command) => !command.includes("sandbox"))).toEqual([]);
  });
});

function commandOf(id: string): string {
  try {
    return readFileSync(`/proc/${id}/cmdline`, "utf8").replaceAll("\0", " ");
  } catch {
    return "";
  }
}
