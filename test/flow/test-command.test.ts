import { describe, expect, test } from "vitest";
import type { Run } from "../../mcp-server/flow/engine.ts";
import type { Plan } from "../../mcp-server/flow/plan.ts";
import type { Project } from "../../mcp-server/flow/project.ts";
import { collectTests } from "../../mcp-server/flow/test-evidence.ts";
import { projectPaths } from "../../mcp-server/record/paths.ts";
import { fakeClock, fakeExec, memoryDisk } from "../fakes/index.ts";

const NOT_STARTABLE = [
  ["is not installed", Object.assign(new Error("spawn pytest ENOENT"), { code: "ENOENT" })],
  ["may not be executed", Object.assign(new Error("spawn pytest EACCES"), { code: "EACCES" })],
  ["finds no room for a process", Object.assign(new Error("spawn pytest EAGAIN"), { code: "EAGAIN" })],
] as const;

function tested(answer: Parameters<typeof fakeExec>[0], cwd?: string) {
  const root = "/project";
  const disk = memoryDisk();
  disk.mkdir(root);
  const ports = { disk, exec: fakeExec(answer), clock: fakeClock() };
  const command = { command: ["pytest", "{report}"], env: {}, passEnv: [], timeout: "1m", ...(cwd ? { cwd } : {}) };
  const plan = {
    version: "2.0.0",
    previous: { version: "1.0.0" },
    target: { kind: "command" },
    tests: { config: { candidate: command }, candidate: [], baseline: { from: "none" } },
  } as unknown as Plan;
  const project = { root, ports, paths: projectPaths(root), entry: [] } as unknown as Project;
  const run = { plan, append: () => {} } as unknown as Run;
  return (signal = new AbortController().signal) => collectTests(project, run, signal);
}

describe("a test command that cannot be started", () => {
  test.each(NOT_STARTABLE)("because it %s proves nothing, and ends no run", async (_name, error) => {
    const { verdict, check, stored } = await tested(() => error)();
    expect(verdict).toMatchObject({ outcome: "INCONCLUSIVE", reasons: [{ code: "tests-no-result" }] });
    expect((verdict as { reasons: { text: string }[] }).reasons[0]?.text).toMatch(
      /the test command "pytest" could not be started: spawn pytest E/,
    );
    expect({ check, stored }).toEqual({ check: null, stored: [] });
  });

  test("because its folder leads out of the project is no result either", async () => {
    const { verdict } = await tested(() => ({}), "../elsewhere")();
    expect(verdict).toMatchObject({
      outcome: "INCONCLUSIVE",
      reasons: [{ text: expect.stringMatching(/could not be started/) }],
    });
  });

  test("is given up without a verdict when the run stops", async () => {
    const stop = new AbortController();
    const stopped = tested(() => {
      stop.abort(new Error("the run stops"));
      return new Error("spawn pytest ENOENT");
    })(stop.signal);
    await expect(stopped).rejects.toThrow("the run stops");
  });
});
