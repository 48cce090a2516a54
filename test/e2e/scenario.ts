import { readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { seedSandbox } from "../../mcp-server/flow/api.ts";
import type { FlowEvent, Trigger } from "../../mcp-server/flow/events.ts";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import { type Instance, OUTCOME_EXIT, type RunOutcome, type Version } from "../../mcp-server/vocab/index.ts";
import type { LoadRecord } from "../../scripts/demo/open-loop.mjs";
import { journalProblems } from "../flow/invariants.ts";
import { type Ended, run } from "../hosts/process.ts";
import type { Ending } from "./artifacts-of.ts";
import { expectDocuments } from "./documents.ts";
import { messagesOf } from "./messages.ts";
import { addRelease, type ReleaseKind } from "./release-kinds.ts";
import { personAtTerminal } from "./terminal.ts";
import { lostRequests, unexplainedTraffic } from "./traffic.ts";
import { type Edit, editConfig, instancesNow, makeWorld, servingNow, type World, type WorldOptions } from "./world.ts";

/** Something that a person does while the run goes on. */
export interface Deed {
  /** When: the journal has this event. A deed waits for the one before it. */
  readonly once: (event: FlowEvent) => boolean;
  /** How many such events there have to be; default one. */
  readonly times?: number;
  /** Words after `deploy-flow`; `{planHash}` is replaced. Without any, `does` is all. */
  readonly types?: readonly string[];
  /** What is done beside the program. */
  readonly does?: (world: World) => void | Promise<void>;
  /** At a terminal, where the one-time code is typed; otherwise from a program, as agents and jobs do. */
  readonly atTerminal?: true;
  /** What the command ends with; default 0. */
  readonly exits?: number;
}

/** One deployment from its start to its archive, and what has to come of it. */
export interface Scenario {
  readonly name: string;
  readonly release: ReleaseKind;
  /** Edits of deploy.yaml for this run only. */
  readonly edits?: readonly Edit[];
  /** Words after `deploy-flow run VERSION`; `{planHash}` is that of the plan with the other words. */
  readonly flags?: readonly string[];
  readonly person?: readonly Deed[];
  readonly ends: Ending;
  /** What production serves afterwards, read back from the target. */
  readonly production: "new" | "old" | "nothing";
  /** What sent it back. */
  readonly trigger?: Trigger["kind"] | readonly Trigger["kind"][];
  /** What the program prints, besides what the snapshot holds. */
  readonly prints?: readonly RegExp[];
  /** The release loses requests by itself, by dying with them in its hands, or leaves nobody to answer. */
  readonly losesRequestsItself?: true;
  /** What is seen first depends on chance, and so do the messages. */
  readonly messagesVary?: true;
  readonly before?: (world: World, version: string) => void | Promise<void>;
  readonly afterwards?: (world: World, ended: Ended) => Promise<void>;
}

const FIRST = "1.0.0";

/** Wide where a busy machine could look like a bad release. */
const WIDE: readonly Edit[] = [
  [["regressionThreshold"], 100],
  [["triggers", "latencyP99Pct"], 5_000],
  [["slo", "latencyP99Ms"], 8_000],
  [["waits", "decisionUnattended"], "2m"],
  [["blueGreen", "retainOld"], false],
  [["canary", "stageDuration"], "1s"],
  [["rolling"], { pause: "1s", minRequests: 5 }],
  [["observe"], "1s"],
  [["metrics", "poll"], "200ms"],
];

/** The checks whose answers no release of ours spoils: metrics alone decide then. */
export const HEALTH_ONLY: Edit = [
  ["smoke", "checks"],
  [
    {
      id: "health",
      group: "health",
      priority: "P0",
      path: "/healthz",
      expect: { status: 200, jsonVersion: "version" },
    },
    {
      id: "metrics",
      group: "monitoring",
      priority: "P2",
      path: "/metrics",
      expect: { bodyContains: "http_requests_total" },
    },
  ],
];

/** A question of this kind is put. */
export function asks(about: string): Deed["once"] {
  return (event) => event.event === "question" && event.question.about === about;
}

/** Plays the scenarios one after the other in one world: a shop under load that serves a healthy version before each. */
export function playAll(title: string, scenarios: readonly Scenario[], options: WorldOptions = {}): void {
  describe(title, () => {
    let world: World;
    let usual = "";
    beforeAll(async () => {
      world = await makeWorld({
        rate: 60,
        seconds: 3_000,
        first: FIRST,
        ...options,
        edits: [...WIDE, ...(options.edits ?? [])],
        prepare: (root) => {
          addRelease(root, FIRST, "healthy");
          editConfig(root, [[["target", "env"], { SHOP_DATA: root }]]);
          options.prepare?.(root);
        },
      });
      // Only now: where nobody serves yet, making the world has fixed the port of production.
      usual = readFileSync(join(world.project.root, "deploy.yaml"), "utf8");
    });
    afterAll(() => world.close());

    for (const [index, scenario] of scenarios.entries()) {
      test(scenario.name, async () => {
        await asBefore(world, usual, options.first === null);
        await play(world, scenario, `4.0.${index}`);
      }, 240_000);
    }
  });
}

/** What releases of some kinds write into the data that all versions share. */
const LEFT_BEHIND = ["spoiled", "limping", "limping.was", "silent", "silent.was"];

/** Every scenario begins with the same version in production, and without what earlier ones learned about it. */
async function asBefore(world: World, usual: string, isEmpty: boolean): Promise<void> {
  const { root, paths } = world.project;
  world.project.ports.disk.writeAtomic(join(root, "deploy.yaml"), usual);
  rmSync(paths.baselines, { recursive: true, force: true });
  for (const left of LEFT_BEHIND) rmSync(join(root, left), { force: true });
  if (isEmpty) return;
  const serving = (await servingNow(world.project)).filter(({ weightPct }) => weightPct > 0);
  const isUsual = serving.length === 1 && serving[0]?.version === FIRST;
  if (!isUsual) await seedSandbox(world.project, FIRST as Version, AbortSignal.timeout(60_000));
  // One that was not well is so for a moment longer.
  while ((await instancesNow(world.project)).some(isUnwell)) {
    await world.project.ports.clock.sleep(50);
  }
}

function isUnwell({ version, state }: Instance): boolean {
  return version === FIRST && state === "unhealthy";
}

async function play(world: World, scenario: Scenario, version: string): Promise<void> {
  const { root } = world.project;
  addRelease(root, version, scenario.release);
  editConfig(root, scenario.edits ?? []);
  await scenario.before?.(world, version);
  const sent = world.load.records.length;
  const flags = await withPlanHash(world, version, scenario.flags ?? []);
  const running = run(root, ["run", version, ...flags]);
  const [ended] = await Promise.all([running, doAll(world, version, scenario.person ?? [], running)]);

  const events = world.events();
  const outcome = events.find(({ event }) => event.event === "outcome")?.event;
  const said = `${ended.out}\n${ended.err}`;
  const wanted = scenario.ends.split(" ")[0] as RunOutcome;
  expect(outcome?.event === "outcome" ? outcome.outcome : undefined, said).toBe(wanted);
  expect(ended.code, said).toBe(OUTCOME_EXIT[wanted]);
  const latched = events.find(({ event }) => event.event === "rollback-latched")?.event;
  const trigger = latched?.event === "rollback-latched" ? latched.trigger.kind : undefined;
  expect([scenario.trigger].flat(), said).toContain(trigger);

  const serving = (await servingNow(world.project)).filter((pool) => pool.weightPct > 0 && pool.instances > 0);
  const expected = { new: [[version, 100]], old: [[FIRST, 100]], nothing: [] }[scenario.production];
  expect(serving.map((pool) => [pool.version, pool.weightPct])).toEqual(expected);
  expect(journalProblems(events)).toEqual([]);
  const records = world.load.records.slice(sent).filter(({ at }) => at >= servedSince(scenario, events));
  if (!scenario.losesRequestsItself) {
    // What a version itself answers, however wrong, was not lost on the way.
    const isAnswered = (record: LoadRecord) => record.outcome === "refused" && record.version !== undefined;
    expect(lostRequests(records).filter((record) => !isAnswered(record))).toEqual([]);
  }
  expect(unexplainedTraffic(records, [events], FIRST)).toEqual([]);

  await expectDocuments(world.project, events, { ends: scenario.ends, trigger });
  for (const text of scenario.prints ?? []) expect(ended.out).toMatch(text);
  if (!scenario.messagesVary) expect(messagesOf(ended.out, { old: FIRST, new: version })).toMatchSnapshot();
  await scenario.afterwards?.(world, ended);
}

/** From when on somebody has to answer: always, or where nobody was there yet since the first exposure. */
function servedSince({ flags = [] }: Scenario, events: ReturnType<World["events"]>): number {
  if (!flags.includes("--first-deploy")) return 0;
  const exposed = events.find(({ event }) => event.event === "result" && event.key === "stage-1/expose");
  return exposed ? Date.parse(exposed.at) : Number.POSITIVE_INFINITY;
}

/** The plan's hash is what a person reads in `plan`, given the same words. */
async function withPlanHash(world: World, version: string, flags: readonly string[]): Promise<string[]> {
  if (!flags.includes("{planHash}")) return [...flags];
  const others = flags.filter((word, index) => word !== "{planHash}" && flags[index + 1] !== "{planHash}");
  const planned = await run(world.project.root, ["plan", version, ...others, "--format", "json"]);
  const { planHash } = JSON.parse(planned.out) as { planHash: string };
  return flags.map((word) => (word === "{planHash}" ? planHash : word));
}

/** Does each deed when its time has come; a run that ends before is found by the comparison of what came of it. */
async function doAll(world: World, version: string, deeds: readonly Deed[], running: Promise<Ended>): Promise<void> {
  let over = false;
  void running.then(() => {
    over = true;
  });
  for (const { once, times = 1, types, does, atTerminal, exits = 0 } of deeds) {
    const due = () => world.events().filter(({ event }) => once(event)).length >= times;
    while (!(isOf(world, version) && due())) {
      if (over) return;
      await world.project.ports.clock.sleep(50);
    }
    await does?.(world);
    if (!types) continue;
    const opened = world.events().find(({ event }) => event.event === "run-opened")?.event;
    const planHash = opened?.event === "run-opened" ? opened.planHash : "";
    const words = types.map((word) => (word === "{planHash}" ? planHash : word));
    if (atTerminal) {
      const { terminal, shown } = personAtTerminal();
      const { root, ports } = world.project;
      const signal = AbortSignal.timeout(60_000);
      const code = await runCommandLine({ words, cwd: root, ports, terminal, signal });
      expect(code, shown.join("")).toBe(exits);
    } else {
      const done = await run(world.project.root, words);
      expect(done.code, `${done.out}\n${done.err}`).toBe(exits);
    }
  }
}

/** The journal of the run before lies there until the next one begins. */
function isOf(world: World, version: string): boolean {
  const { disk } = world.project.ports;
  const { plan } = world.project.paths;
  return disk.stat(plan) !== undefined && JSON.parse(disk.readText(plan)).version === version;
}
