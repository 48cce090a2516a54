import { expect, test } from "vitest";
import { planHash } from "../../mcp-server/flow/plan.ts";
import { planText } from "../../mcp-server/hosts/cli/plan-table.ts";
import { planOf } from "../flow/views/scribe.ts";

const shown = (config: Record<string, unknown>) => {
  const plan = planOf({ config });
  return planText(plan, planHash(plan), { colours: false });
};

test("whoever approves at a terminal reads the risks, whom to call, and who signs as what", () => {
  const text = shown({
    risks: [{ risk: "cold cache", likelihood: "high", impact: "low", mitigation: "warmed", owner: "shop team" }],
    escalation: { contacts: [{ role: "incident commander", name: "Ada", reach: "pager" }] },
    approvals: { roles: [{ role: "release-manager", persons: ["ada", "grace"] }] },
  });
  expect(text).toContain("Risks, declared or computed from this plan:");
  expect(text).toContain("- cold cache; effect: low; done about it: warmed (declared, shop team)");
  expect(text).toMatch(/- going back was not rehearsed: .*\(computed\)\n/);
  expect(text).toContain("When going back fails, call:\n  - incident commander, Ada: pager");
  expect(text).toMatch(/signs as release manager +│ ada, grace/);
});

test("a plan without any says nothing of them", () => {
  const text = shown({ staging: { observe: "1m" }, strategy: "canary" });
  for (const part of ["Risks", "When going back fails", "signs as"]) expect(text).not.toContain(part);
});

test("says how to start it with all that was said, and nothing of starting once it runs", () => {
  const plan = planOf({});
  const hash = planHash(plan);
  const flags = ["--first-deploy", "--guidance", "it's risky", "--no-rollback-on-regression"];
  expect(planText(plan, hash, { colours: false, flags })).toContain(
    `deploy-flow run ${plan.version} --first-deploy --guidance 'it'\\''s risky' --no-rollback-on-regression`,
  );
  expect(planText(plan, hash, { colours: false, flags, isStarted: true })).not.toContain("start it with");
});
