import { describe, expect, test } from "vitest";
import { captureBaseline } from "../../mcp-server/flow/checks.ts";
import type { Run } from "../../mcp-server/flow/engine.ts";
import { flakyRecordOf } from "../../mcp-server/flow/flaky-record.ts";
import type { Plan } from "../../mcp-server/flow/plan.ts";
import type { Project } from "../../mcp-server/flow/project.ts";
import { collectTests } from "../../mcp-server/flow/test-evidence.ts";
import { loadBaseline } from "../../mcp-server/record/baselines.ts";
import { projectPaths } from "../../mcp-server/record/paths.ts";
import type { Label, Version } from "../../mcp-server/vocab/index.ts";
import { suite } from "../evidence/tests/sources.ts";
import { fakeClock, fakeExec, memoryDisk } from "../fakes/index.ts";

const PRODUCTION = "production" as Label;
const report = (failing: boolean, more = "") =>
  suite("Shop", `<testcase name="pays">${failing ? "<failure/>" : ""}</testcase><testcase name="ships"/>${more}`);

/** A project whose suite fails in the runs that `runs` marks with an f, and passes in the others. */
function projectOf(runs: string) {
  const root = "/project";
  const disk = memoryDisk();
  disk.mkdir(root);
  let ran = 0;
  const exec = fakeExec(([, path = ""]) => {
    const failing = runs[ran] === "f";
    ran += 1;
    disk.writeAtomic(path, report(failing));
    return { code: failing ? 1 : 0 };
  });
  const ports = { disk, exec, clock: fakeClock() };
  const project = { root, ports, paths: projectPaths(root), entry: [] } as unknown as Project;
  const place = { disk, dir: project.paths.baselines };
  const capture = async (text: string) => {
    disk.writeAtomic("/project/r.xml", text);
    const from = ["/project/r.xml"];
    await captureBaseline(project, {
      label: PRODUCTION,
      from,
      version: "1.0.0" as Version,
      signal: new AbortController().signal,
    });
  };
  const collect = () => {
    const parts = loadBaseline(place, PRODUCTION)?.record.parts;
    const plan = {
      version: "2.0.0",
      previous: { version: "1.0.0" },
      regressionThreshold: 0,
      target: { kind: "command" },
      tests: {
        config: { candidate: { command: ["pytest", "{report}"], env: {}, passEnv: [], timeout: "1m" } },
        candidate: [],
        baseline: {
          from: "label",
          label: PRODUCTION,
          version: "1.0.0",
          sha256: parts?.tests?.sha256,
          flakiness: parts?.flakiness?.sha256,
        },
      },
    } as unknown as Plan;
    return collectTests(project, { plan, append: () => {} } as unknown as Run, new AbortController().signal);
  };
  return { capture, collect, record: () => flakyRecordOf(loadBaseline(place, PRODUCTION)), ran: () => ran };
}

describe("the record of failing runs", () => {
  test("grows with every run that is stored under the label, and not by the same bytes again", async () => {
    const { capture, record } = projectOf("");
    await capture(report(false));
    await capture(report(true, "<!-- 2 -->"));
    await capture(report(true, "<!-- 2 -->"));
    expect([...record().values()]).toEqual([
      { failures: 1, runs: 2 },
      { failures: 0, runs: 2 },
    ]);
  });

  test.each([
    ["three of three, without enough recorded runs", 3, "fff", "FAIL", 3],
    ["one pass clears it, without enough recorded runs", 3, "fp", "PASS", 2],
    ["three of three of a test that was stable in 50 runs", 50, "fff", "FAIL", 3],
    ["a stable test that fails and then passes is run until that is no evidence any more", 50, "fppppppppp", "PASS", 8],
  ] as const)("%s", { timeout: 60_000 }, async (_, recorded, runs, expected, most) => {
    const { capture, collect, ran } = projectOf(runs);
    for (let i = 0; i < recorded; i += 1) await capture(report(false, `<!-- ${i} -->`));
    const { verdict } = await collect();
    expect(verdict.outcome).toBe(expected);
    expect(ran()).toBeGreaterThanOrEqual(2);
    expect(ran()).toBeLessThanOrEqual(most);
  });
});
