import { afterAll, beforeAll, expect, test } from "vitest";
import { overStdio } from "../hosts/mcp-client.ts";
import { PROGRAM, run } from "../hosts/process.ts";
import { editConfig, makeWorld, type World } from "./world.ts";

let world: World;
beforeAll(async () => {
  world = await makeWorld();
});
afterAll(() => world.close());

type Host = Omit<Parameters<typeof overStdio>[0], "program" | "args" | "cwd">;

async function approveFrom(host: Host, args: Record<string, unknown>) {
  const { root } = world.project;
  const client = await overStdio({ program: PROGRAM, args: ["serve"], cwd: root, ...host });
  try {
    return await client.call("approve", args);
  } finally {
    await client.close();
  }
}

test("an approval by way of a host counts only where the host puts it before a person", async () => {
  const { root } = world.project;
  editConfig(root, [
    [["target", "production"], true],
    [["canary", "stageDuration"], "10m"],
    [["observe"], "15m"],
    [["approvals"], { accept: ["host-prompt", "elicitation"] }],
  ]);
  const started = await run(root, ["run", "3.0.0", "--detach", "--format", "json"]);
  expect(started.code, started.err).toBe(0);
  while (!world.events().some(({ event }) => event.event === "question")) await world.project.ports.clock.sleep(50);
  const opened = world.events().find(({ event }) => event.event === "run-opened")?.event;
  const planHash = opened?.event === "run-opened" ? opened.planHash : "";

  const unknown = await approveFrom({}, { planHash });
  expect(unknown.data).toMatchObject({ taken: false, personMustRun: expect.stringContaining("approve") });
  const old = await approveFrom({ host: { name: "claude-code", version: "2.1.198" } }, { planHash });
  expect(old.data).toMatchObject({ taken: false });
  for (const elicited of [
    () => ({ action: "cancel" }),
    () => ({ action: "decline" }),
    () => ({ action: "accept", content: { yes: false } }),
  ]) {
    const said = await approveFrom({ elicited }, { planHash });
    expect(said).toMatchObject({ isError: true, text: expect.stringContaining("did not say yes") });
  }
  expect(world.events().some(({ event }) => event.event === "approval")).toBe(false);

  const yes = { elicited: () => ({ action: "accept", content: { yes: true } }) };
  expect((await approveFrom(yes, { planHash: "0".repeat(64) })).data ?? {}).not.toMatchObject({ taken: true });
  const prompting = { host: { name: "claude-code", version: "2.1.330" } };
  const rejected = await approveFrom(prompting, { planHash, answer: "reject", reason: "wrong week" });
  expect(rejected.data).toMatchObject({ taken: true });
  expect((await world.ended()).outcome).toBe("ABORTED");
  const approval = world.events().find(({ event }) => event.event === "approval")?.event;
  expect(approval).toMatchObject({ decision: "reject", way: "host-prompt" });
});
