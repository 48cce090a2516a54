import { expect, test } from "vitest";
import { artifactFiles } from "../../../mcp-server/flow/artifacts.ts";
import { auditTrail, metricsFile } from "../../../mcp-server/flow/audit.ts";
import { recordOf } from "../../../mcp-server/flow/views/record.ts";
import { JUDGE } from "../../../mcp-server/judge/index.ts";
import { aborted, blocked, rolledBack, success } from "./journals.ts";

test("the audit trail tells who decided what, and ends with the archive", () => {
  const s = rolledBack();
  s.add({ event: "archiving", dir: ".aiwg/archive/2026-03-01/deployment-2.1.0" });
  const text = auditTrail(s);
  const last = s.events.at(-1)?.hash ?? "";
  for (const fact of [
    "# Audit trail: 2.1.0, ROLLED_BACK",
    `| Events | ${s.events.length} |`,
    last,
    `| staging gate | ${JUDGE} | rule | PASS |`,
    "| approval of the plan | ada | terminal | approve |",
    "| roll back | runner deploy-flow | slo | service level broken",
    "| stage 1 of 2: 20 % on 2.1.0 | 30.0 % | 750 ms | 20.0 rps |",
    "| stage 1 of 2: 20 % on 2.1.0, in all | 30.0 % | 745 ms | 20.0 rps |",
    "`.aiwg/reports/deployment-report-2.1.0.md`",
  ]) {
    expect(text).toContain(fact);
  }
  s.add({ event: "ownership", reason: "resume", pid: 43, host: "builder" });
  expect(auditTrail(s)).toBe(text);
});

test("every event but polls and waiting is in the trail", () => {
  const s = success();
  const told = s.events.filter(({ event }) => event.event !== "poll" && event.event !== "waited");
  const [, events = ""] = auditTrail(s).split("## Events");
  for (const { seq } of told) expect(events).toMatch(new RegExp(`^\\| ${seq} \\|`, "m"));
});

test.each([
  [success, { outcome: "SUCCESS", rollbacks: { count: 0, timeToRestoreMs: null }, exposedMs: 852_780 }],
  [
    rolledBack,
    {
      outcome: "ROLLED_BACK",
      exposedMs: 35_145,
      rollbacks: { count: 1, triggeredByRegression: 0, trigger: "slo", timeToRestoreMs: 2_510 },
      serviceLevels: { newVersion: { requests: 600, failed: 180, errorRatePct: 30, latencyP99AtMostMs: 750 } },
    },
  ],
  [
    blocked,
    {
      outcome: "BLOCKED",
      exposedMs: 0,
      regression: { thresholdPct: 5, staging: { verdict: "FAIL", ratePct: 8 }, production: { verdict: null } },
      serviceLevels: { before: null, newVersion: null },
    },
  ],
  [aborted, { outcome: "ABORTED", smoke: { staging: { passed: 3, total: 3 }, production: null } }],
] as const)("the figures of a run, case %#", (journal, figures) => {
  expect(JSON.parse(metricsFile(journal()))).toMatchObject(figures);
});

test("a long watch is in the trail by the intervals of the reports, and in all", () => {
  const [, levels = ""] = auditTrail(success()).split(/^## (?:Service levels|Events)$/m);
  const rows = levels.split("\n").filter((line) => line.includes("| observe 2.1.0 at 100 %"));
  expect(rows.map((row) => row.split("|")[2]?.trim())).toEqual([
    "observe 2.1.0 at 100 %",
    "observe 2.1.0 at 100 %",
    "observe 2.1.0 at 100 %",
    "observe 2.1.0 at 100 %, in all",
  ]);
});

test("who was told of a rollback is in the trail and in the rollback report", () => {
  const config = { notify: [{ command: ["page", "{kind}"] }, { webhook: "https://chat.example/hook" }] };
  const s = rolledBack({ config }, (run) => {
    const told = { event: "notified", kind: "rollback-started", ms: 20 };
    run.add({ ...told, id: "a", receiver: 1 });
    run.add({ ...told, id: "a", receiver: 2, problem: "status 503" });
  });
  const report = artifactFiles(recordOf(s.plan, s.events)).find(({ path }) => path.includes("rollback-report"))?.text;
  expect(report).toContain("| receiver 1 of the plan | command | rollback-started, taken |");
  expect(report).toContain("| receiver 2 of the plan | webhook | rollback-started, not told: status 503 |");
  expect(auditTrail(s)).toContain("| told receiver 2: rollback-started | status 503 |");
});
