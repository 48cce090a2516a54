import { beforeAll, describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { type FakeWorld, fakeWorld, NEW } from "../fake-world.ts";

const W = ".aiwg/working/deployment";
const D = ".aiwg/deployment";
const REPORT = `.aiwg/reports/deployment-report-${NEW}.md`;

function filesOf(world: FakeWorld): Map<string, string> {
  return new Map(artifactFiles(recordOf(world.plan, world.events())).map(({ path, text }) => [path, text]));
}

/** Carries a run of the fake world to its end and gives its documents. */
async function documents(
  parameters: Record<string, unknown>,
  script: (world: FakeWorld) => void = () => {},
): Promise<Map<string, string>> {
  const config = { instances: 8, observe: "40s", rolling: { batch: 2, pause: "20s", minRequests: 20 } };
  const world = fakeWorld({ parameters, config });
  script(world);
  await world.live();
  return filesOf(world);
}

describe("the documents of a rolling deployment", () => {
  let files: Map<string, string>;
  beforeAll(async () => {
    files = await documents({ strategy: "rolling" });
  }, 60_000);

  test("are one log for all batches and one report of the service levels per batch", () => {
    const named = [...files.keys()].filter((path) => /execution-log-|slo-monitoring/.test(path)).sort();
    expect(named).toEqual(
      [
        `${D}/slo-monitoring-report.md`,
        `${W}/execution-log-rolling.md`,
        ...[1, 2, 3, 4].map((batch) => `${W}/slo-monitoring-rolling-batch${batch}.md`),
      ].sort(),
    );
    expect(files.get(`${W}/execution-log-rolling.md`)).toMatch(
      /update batch 2 of 5: 3 of 8 instances on 2\.0\.0.*62\.5 % on 1\.0\.0 \(5 instances\)/,
    );
  });

  test.each([
    [
      `${D}/deployment-plan-${NEW}.md`,
      [
        /Instances needed at most.*9, one more than now/,
        /Unavailable at most.*0/,
        /batch 1 .*12\.5/,
        /replace instances until 3 of 8 run 2\.0\.0/,
        /Instances of 1\.0\.0 that carry all traffic in a rollback.*at least 6/,
      ],
    ],
    [
      `${D}/rollback-plan-${NEW}.md`,
      [
        /Revert to revision/,
        /all traffic back within 15 min/,
        /start the replaced instances of 1\.0\.0 again, before any traffic moves/,
      ],
    ],
    [
      REPORT,
      [
        /Instances updated \| 8 of 8 \| batch 2, pause 20\.0 s/,
        /batch 1 of 5 \| PASS \| \d\d:\d\d:\d\dZ to/,
        /Observation \| PASS/,
        /Breaches \| 0/,
      ],
    ],
  ])("say in %s what was done", (path, facts) => {
    for (const fact of facts) expect(files.get(path)).toMatch(fact);
  });

  test("say after a rollback how far it had come", async () => {
    const back = await documents({ strategy: "rolling" }, (world) =>
      world.when(
        ({ event }) => event.event === "watch-started" && event.key === "stage-2/watch",
        () => void world.platform.conduct.set(NEW, { failed: 0.3, slow: 0 }),
      ),
    );
    expect(back.get(REPORT)).toMatch(/Instances updated \| 3 of 8 \| batch 2, pause 20\.0 s; then reverted/);
    expect(back.get(REPORT)).toMatch(/Breaches \| 1/);
    expect(back.get(`${D}/rollback-execution-log.md`)).toMatch(/start all instances of 1\.0\.0 again/);
  });
});

describe("section 5 of the report", () => {
  test("of a canary has time and verdict of each stage", async () => {
    const text = (await documents({ strategy: "canary" })).get(REPORT);
    expect(text).toMatch(/stage 1 of 2 \| PASS \| \d\d:\d\d:\d\dZ to \d\d:\d\d:\d\dZ, 20 % of the traffic/);
  });

  test("of a blue-green release has green, cutover and what became of the old version", async () => {
    const text = (await documents({ strategy: "blue-green" })).get(REPORT);
    expect(text).toMatch(/Green ready \| \d\d:\d\d:\d\dZ \| 8 instances of 2\.0\.0 without traffic/);
    expect(text).toMatch(/Cutover \| \d\d:\d\d:\d\dZ/);
    expect(text).toMatch(/Old version retained \| yes \| 1\.0\.0, without traffic until the next deployment/);
  });
});
