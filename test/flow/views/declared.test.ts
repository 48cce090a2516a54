import { describe, expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { type Plan, PlannedMigration, planHash } from "../../../mcp-server/flow/plan.ts";
import { statusView } from "../../../mcp-server/flow/status.ts";
import { rollbackCommunication } from "../../../mcp-server/flow/views/contacts.ts";
import { problemText } from "../../../mcp-server/flow/views/problem.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { riskRows } from "../../../mcp-server/flow/views/risks.ts";
import { rollbackFailed, rolledBack, success } from "./journals.ts";
import { OLD, type PlanEdits, planOf, type Scribe } from "./scribe.ts";

const DECLARED = {
  risks: [{ risk: "cold cache", likelihood: "high", impact: "low", mitigation: "warmed", owner: "shop team" }],
  rollback: { sideEffects: [{ what: "orders in the queue", treatment: "the old version reads them" }] },
  escalation: {
    contacts: [
      { role: "incident commander", name: "Ada", reach: "pager shop" },
      { role: "operations lead", reach: "phone 4711" },
    ],
    channel: "#incidents",
  },
  communication: [
    { when: "before", audience: "support", channel: "mail" },
    { when: "rollback", audience: "support", channel: "chat", owner: "release manager" },
  ],
  configChanges: [{ name: "CHECKOUT_TIMEOUT" }, { name: "checkout.new-cart", flagDefault: "off" }],
  supportHandover: { to: "the shop's help desk", material: "docs/support/2.1.md" },
};

function textOf({ plan, events }: Scribe, name: string): string {
  const file = artifactFiles(recordOf(plan, events)).find(({ path }) => path.includes(name));
  if (!file) throw new Error(`${name} is not due`);
  return file.text;
}
const risksOf = (edits: PlanEdits, change: Partial<Plan> = {}) => riskRows({ ...planOf(edits), ...change });

describe("what people declare", () => {
  test("is part of the hash that is approved, and leaves it as it was where nothing is declared", () => {
    const plain = planOf();
    expect(plain).not.toHaveProperty("declared");
    for (const [key, value] of Object.entries(DECLARED)) {
      expect(planHash(planOf({ config: { [key]: value } })), key).not.toBe(planHash({ ...plain }));
    }
  });

  test.each([
    ["deployment-plan", "| cold cache | high | low | warmed | shop team | declared |"],
    ["deployment-plan", "| before | support | mail | unknown |"],
    ["deployment-plan", "| `CHECKOUT_TIMEOUT` | no flag |\n| `checkout.new-cart` | off |"],
    ["deployment-plan", "| Users ask | the shop's help desk |\n| From | docs/support/2.1.md |"],
    ["rollback-plan", "| orders in the queue | the old version reads them |"],
    ["rollback-plan", "| incident commander | Ada | pager shop |"],
    ["rollback-plan", "| operations lead | – | phone 4711 |"],
    ["rollback-plan", "People meet in #incidents."],
    ["rollback-plan", "| rollback | support | chat | release manager |"],
    [
      "rollback-validation-report",
      "| Whom to tell | support by chat, sent by release manager; when it fails, incident",
    ],
    ["rollback-report", "Going back leaves this, by the plan. Whether it was seen to is unknown."],
    ["rollback-report", "Call when something of this is still wrong:"],
    ["rollback-report", "see to what going back leaves: orders in the queue (the old version reads them)"],
    ["deployment-report", "see to what going back leaves: orders in the queue"],
  ])("stands in the %s: %s", (name, text) => {
    expect(textOf(rolledBack({ config: DECLARED }), name)).toContain(text);
  });

  test("tells who has to act after a failed rollback whom to call, first of all", () => {
    const s = rollbackFailed({ config: DECLARED });
    const message = problemText(s.plan, s.events) ?? "";
    const called = message.indexOf("- call incident commander, Ada: pager shop");
    expect(called).toBeGreaterThan(0);
    expect(message.indexOf("- call operations lead: phone 4711")).toBeGreaterThan(called);
    expect(message.indexOf("- meet in #incidents")).toBeLessThan(
      message.indexOf("- bring production into a known state"),
    );
    expect(message).not.toContain("whoever is on call");
    expect(message).toContain("- see to what going back leaves: orders in the queue (the old version reads them)");
    expect(textOf(s, "rollback-report")).toContain("Call now, in this order:");
    expect(textOf(s, "rollback-report")).toContain("| P0 | call incident commander, Ada: pager shop |");
    const at = s.events.at(-1)?.at;
    expect(at && statusView(s.state, { alive: false }, at).next).toMatch(
      /^call incident commander, Ada: pager shop; then operations lead: phone 4711; a person brings/,
    );
  });

  test.each(["API_KEY=abc", "api key", "-x", ""])("names a setting and no value: %j is refused", (name) => {
    expect(() => planOf({ config: { configChanges: [{ name }] } })).toThrow(/configChanges/);
  });

  test("is missed out loud where nobody declared anything", () => {
    const plan = textOf(success(), "rollback-plan");
    expect(plan).toContain("None is declared in deploy.yaml (`rollback.sideEffects`)");
    expect(plan).toContain("Whom to call is unknown: deploy.yaml names nobody (`escalation.contacts`).");
    expect(textOf(success(), "rollback-validation-report")).toContain("| Whom to tell | unknown |");
    const failed = rollbackFailed();
    expect(problemText(failed.plan, failed.events)).toContain("- tell whoever is on call, and everybody");
    expect(textOf(failed, "rollback-report")).not.toContain("Whom to turn to");
  });

  test.each<[string, Record<string, unknown>, string | null]>([
    ["nobody", {}, null],
    ["a receiver that hears of no rollback", { notify: [{ command: ["tell"], on: ["outcome"] }] }, null],
    ["a receiver", { notify: [{ command: ["tell"] }] }, "1 of the plan's receivers, by the run itself"],
    ["a channel", { escalation: { channel: "#ops" } }, "people meet in #ops"],
  ])("says who hears of a rollback: %s", (_name, config, text) => {
    expect(rollbackCommunication(planOf({ config }))).toBe(text);
  });
});

describe("the approval in the plan's document", () => {
  test("says until when it counts", () => {
    expect(textOf(success(), "deployment-plan")).toContain("and until 2026-03-04 12:01:17 UTC: later it allows");
    const { plan, events } = success();
    const before = events.filter(({ event }) => event.event !== "approval");
    const text = artifactFiles(recordOf(plan, before)).find(({ path }) => path.includes("deployment-plan"))?.text;
    expect(text).not.toContain("The approval counts for this hash");
  });
});

describe("risks that follow from the plan", () => {
  const FIRST: PlanEdits = { isFirst: true };
  const CONTRACT = PlannedMigration.parse({ id: "drop-fax", kind: "contract", reversible: false, unusedSince: OLD });
  test.each<[string, PlanEdits, RegExp, Partial<Plan>?]>([
    ["first deployment", FIRST, /^first deployment/],
    ["no staging", FIRST, /^no staging environment$/],
    ["no metrics", FIRST, /^no metrics$/],
    ["no tests", FIRST, /^no tests are judged$/],
    ["no checks", FIRST, /^no smoke checks and no journeys$/],
    ["not rehearsed", {}, /^going back was not rehearsed: staging\.rehearse is off$/],
    ["irreversible migration", {}, /^migration drop-fax cannot be undone$/, { migrations: [CONTRACT] }],
    ["blue-green", { parameters: { strategy: "blue-green" } }, /^all users change over at one moment$/],
    ["rolling", { parameters: { strategy: "rolling" }, config: { instances: 4 } }, /^the old instances are gone/],
    ["one instance", { config: { instances: 1 } }, /^one instance carries all traffic$/],
    ["held regression", { parameters: { rollbackOnRegression: false } }, /^a regression waits for a person$/],
    ["threshold", { parameters: { regressionThreshold: 5 } }, /^a worsening of up to 5\.0 % is accepted$/],
    ["fix", { parameters: { fixes: "INC-7", reason: "outage" } }, /^production may be ill/],
    ["high risk", { parameters: { risk: "high" } }, /high risk$/],
    ["freeze", {}, /^it may begin in a freeze$/, { freeze: { ...planOf().freeze, override: "patch" } }],
  ])("%s", (_name, edits, risk, change) => {
    const row = risksOf(edits, change).find((one) => risk.test(one.risk));
    expect(row).toMatchObject({ source: "computed", likelihood: null, owner: null });
    expect([row?.impact, row?.mitigation].every((text) => text !== undefined && text !== "")).toBe(true);
    const calm = planOf({ config: { staging: { observe: "1m" } }, parameters: { strategy: "canary" } });
    expect(riskRows(calm).filter((one) => risk.test(one.risk))).toEqual([]);
  });

  test("few users: probe traffic is all that is measured", () => {
    const plan = planOf();
    const config = { ...plan.metrics?.config, source: "probes" };
    const row = riskRows({ ...plan, metrics: { ...plan.metrics, config } as Plan["metrics"] });
    expect(row.map(({ risk }) => risk)).toContain("few requests of users are measured, or none");
  });

  test("stand below the declared ones, marked as computed, in the plan's document", () => {
    const text = textOf(success({ config: DECLARED }), "deployment-plan");
    expect(text.indexOf("| shop team | declared |")).toBeLessThan(text.indexOf("| computed |"));
  });
});
