import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import type { Request } from "../../mcp-server/flow/events.ts";
import { planHash } from "../../mcp-server/flow/plan.ts";
import type { Receipt } from "../../mcp-server/flow/requests.ts";
import { Role, roleRefusal, signOffDifference } from "../../mcp-server/flow/roles.ts";
import { signOffs } from "../../mcp-server/flow/views/sign-offs.ts";
import { approve as approveTool } from "../../mcp-server/tools/approve.ts";
import { type FakeWorld, fakeWorld, type WorldOptions } from "./fake-world.ts";

const ROLES = [
  { role: "release-manager", persons: ["ada", "grace"] },
  { role: "reliability-engineer", persons: ["bob"] },
  { role: "operations-lead", persons: ["ada"] },
] as const;
const PLAN = { roles: ROLES.map((holder) => ({ ...holder, persons: [...holder.persons] })) };
const REAL_USERS: WorldOptions = {
  production: true,
  config: {
    canary: { stages: [20, 100], stageDuration: "10m", minRequests: 50 },
    observe: "15m",
    metrics: { poll: "60s" },
    approvals: { accept: ["terminal", "flag"], roles: ROLES },
  },
};

type Approve = Extract<Request, { kind: "approve" }>;
const approve = (world: FakeWorld, person: string, role?: Role, change: Partial<Approve> = {}): Request => ({
  kind: "approve",
  decision: "approve",
  planHash: planHash(world.plan),
  way: "terminal",
  person,
  ...(role === undefined ? {} : { role }),
  ...change,
});

describe("who may sign as what", () => {
  test.each<[string, { role: Role; person: string; way: string }, RegExp | undefined]>([
    ["a person of the role", { role: "release-manager", person: "ada", way: "terminal" }, undefined],
    ["another of them", { role: "release-manager", person: "grace", way: "ssh-signature" }, undefined],
    ["one person, two roles", { role: "operations-lead", person: "ada", way: "terminal" }, undefined],
    ["somebody else", { role: "release-manager", person: "bob", way: "terminal" }, /does not name this person/],
    ["a part of a name", { role: "release-manager", person: "ad", way: "terminal" }, /does not name this person/],
    ["nobody's role", { role: "deployment-manager", person: "ada", way: "terminal" }, /names nobody/],
    ["a job", { role: "release-manager", person: "ada", way: "flag" }, /does not say who it was/],
    ["a client that asked no person", { role: "release-manager", person: "ada", way: "none" }, /does not say who/],
    ["a way of tomorrow", { role: "release-manager", person: "ada", way: "host-prompt" }, /does not say who/],
  ])("%s", (_name, said, refusal) => {
    const text = roleRefusal(PLAN, said);
    if (refusal === undefined) expect(text).toBeUndefined();
    else expect(text).toMatch(refusal);
  });

  test.each(Role.options)("nobody as %s where the plan has no roles", (role) => {
    expect(roleRefusal({}, { role, person: "ada", way: "terminal" })).toMatch(/names nobody/);
  });
});

/** Sends requests when the plan's approval is asked for, and lets the run end. */
async function asked(...requests: ((world: FakeWorld) => Request)[]) {
  const world = fakeWorld(REAL_USERS);
  const receipts: (Receipt | undefined)[] = [];
  world.when(
    ({ event }) => event.event === "question" && event.question.about === "approval",
    () => {
      for (const request of requests) receipts.push(world.ask(request(world)));
    },
  );
  await world.live();
  return { world, receipts, rows: signOffs(world.state()).filter(({ person }) => person !== null) };
}

describe("a sign-off", () => {
  test("comes with the approval, and from others after it; one approval is enough for the run", async () => {
    const { world, receipts, rows } = await asked(
      (world) => approve(world, "ada", "release-manager"),
      (world) => approve(world, "bob", "reliability-engineer"),
    );
    expect(receipts).toMatchObject([
      { taken: true, note: "the plan is approved" },
      { taken: true, note: "signed off as reliability engineer" },
    ]);
    expect(rows).toMatchObject([
      { role: "approval of the plan", person: "ada" },
      { role: "reliability engineer", person: "bob", way: "terminal" },
      { role: "release manager", person: "ada", way: "terminal" },
    ]);
    expect(world.state()).toMatchObject({ outcome: { outcome: "SUCCESS" }, approval: { person: "ada" } });
  });

  test("is none without a role: the roles stay unsigned", async () => {
    const { world, rows } = await asked((world) => approve(world, "ada"));
    expect(rows).toMatchObject([{ role: "approval of the plan", person: "ada" }]);
    expect(world.state().outcome?.outcome).toBe("SUCCESS");
  });

  test.each<[string, ((world: FakeWorld) => Request)[], RegExp]>([
    [
      "of somebody without the role",
      [(world) => approve(world, "eve", "release-manager")],
      /does not name this person/,
    ],
    ["by a job's flag", [(world) => approve(world, "ada", "release-manager", { way: "flag" })], /does not say who/],
    [
      "of a plan that nobody reads",
      [(world) => approve(world, "ada", "release-manager", { decision: "reject" })],
      /reject it without one/,
    ],
  ])("%s is refused, and approves nothing", async (_name, requests, note) => {
    const { world, receipts, rows } = await asked(...requests);
    expect(receipts).toMatchObject([{ taken: false, note: expect.stringMatching(note) }]);
    expect(rows).toEqual([]);
    expect(world.state().outcome?.outcome).toBe("ABORTED");
  });

  test.each<[string, (world: FakeWorld) => Request, RegExp]>([
    ["the same role again", (world) => approve(world, "grace", "release-manager"), /ada has signed as release manager/],
    [
      "another plan",
      (world) => approve(world, "bob", "reliability-engineer", { planHash: "f".repeat(64) as never }),
      /names ffff/,
    ],
    ["no role", (world) => approve(world, "bob"), /has its answer already/],
  ])("after the approval is refused for %s", async (_name, second, note) => {
    const { receipts, rows } = await asked((world) => approve(world, "ada", "release-manager"), second);
    expect(receipts[1]).toMatchObject({ taken: false, note: expect.stringMatching(note) });
    expect(rows.map(({ person }) => person)).toEqual(["ada", "ada"]);
  });
});

describe("a runner that dies over a sign-off", () => {
  test.each(["request", "sign-off"])("after its %s keeps it, and has it once", async (last) => {
    const script = (world: FakeWorld) =>
      world.when(
        ({ event }) => event.event === "question" && event.question.about === "approval",
        () => {
          world.ask(approve(world, "ada", "release-manager"), "first");
          world.ask(approve(world, "bob", "reliability-engineer"), "second");
        },
      );
    const calm = fakeWorld(REAL_USERS);
    script(calm);
    await calm.live();
    const signed = calm.events().find(({ event }) => event.event === "sign-off")?.seq ?? 0;
    const world = fakeWorld(REAL_USERS);
    script(world);
    expect((await world.live({ at: "append", n: last === "request" ? signed - 1 : signed })).ended).toBe("died");
    await world.live();
    expect(world.events().filter(({ event }) => event.event === "sign-off")).toHaveLength(1);
    expect(world.state()).toMatchObject({ outcome: { outcome: "SUCCESS" }, approval: { person: "ada" } });
  });
});

describe("a journalled sign-off", () => {
  const said = { role: "release-manager", person: "ada", way: "terminal" } as const;
  test.each<
    [string, Parameters<typeof signOffDifference>[1], Parameters<typeof signOffDifference>[2], RegExp | undefined]
  >([
    ["follows from its request", said, said, undefined],
    ["needs none without a role", { person: "ada", way: "terminal" }, undefined, undefined],
    ["without a request", said, undefined, /nobody asked/],
    ["after another kind of request", said, { kind: "resume" }, /nobody asked/],
    ["in another's name", said, { ...said, person: "bob" }, /nobody asked/],
    ["in another role", said, { ...said, role: "operations-lead" }, /nobody asked/],
    ["by another way", said, { ...said, way: "flag" }, /nobody asked/],
    ["that the plan does not give", { ...said, person: "eve" }, { ...said, person: "eve" }, /does not name/],
  ])("%s", (_name, event, request, difference) => {
    const text = signOffDifference(PLAN, event, request);
    if (difference === undefined) expect(text).toBeUndefined();
    else expect(text).toMatch(difference);
  });
});

test("no tool over MCP takes the role of a sign-off", () => {
  expect(Object.keys(approveTool.input.shape).sort()).toEqual(["answer", "planHash", "reason"]);
});
