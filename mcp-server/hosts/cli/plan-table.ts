import Table from "cli-table3";
import { RECOMMENDED_THRESHOLD } from "../../flow/parameters.ts";
import { type Plan, plannedMs } from "../../flow/plan.ts";
import { roleText } from "../../flow/roles.ts";
import { updatedAt } from "../../flow/rolling-plan.ts";
import { ownWords, sourceText } from "../../flow/understanding/rows.ts";
import { contactTexts } from "../../flow/views/contacts.ts";
import { freezeRows } from "../../flow/views/freeze.ts";
import { riskRows } from "../../flow/views/risks.ts";
import { strategyFacts } from "../../flow/views/strategy-view.ts";
import { CRITERIA } from "../../judge/index.ts";
import { renderMessage } from "../../record/artifacts.ts";
import { type Sha256, spanText } from "../../vocab/index.ts";

interface Shown {
  readonly colours: boolean;
  /** What was said beside the version: flags without which `run` would make another plan. */
  readonly flags?: readonly string[];
  /** It is carried out already. */
  readonly isStarted?: boolean;
}

/** The recommendation and the plan, as `plan` and the start of `run` show them in a terminal. */
export function planPages(plan: Plan, planHash: Sha256, o: Shown): string {
  const recommendation = renderMessage("strategy-recommendation", strategyFacts(plan, ownWords(plan)));
  return `${recommendation}\n${planText(plan, planHash, o)}`;
}

/** A plan as a person reads it before approving: what, how, how long, what is not judged, and the hash. Pure. */
export function planText(plan: Plan, planHash: Sha256, o: Shown): string {
  const facts = table(o.colours, [
    ["service", plan.service],
    ["version", `${plan.version}  ${plan.digest.slice(0, 19)}…`],
    [
      "replaces",
      plan.previous ? `${plan.previous.version}  ${plan.previous.digest.slice(0, 19)}…` : "nothing: first deployment",
    ],
    ["target", `${plan.target.kind}, ${plan.production ? "real users" : "no real users"}, ${plan.instances} instances`],
    ["strategy", strategyText(plan)],
    [
      "threshold",
      `${plan.regressionThreshold} % (recommended at risk ${plan.risk}: ${RECOMMENDED_THRESHOLD[plan.risk]})`,
    ],
    ["on regression", plan.rollbackOnRegression ? "roll back" : "hold and ask"],
    ["tests", testsText(plan)],
    ["planned time", spanText(plannedMs(plan))],
    ...(plan.migrations.length > 0 ? [["migrations", plan.migrations.map(migrationText).join("\n")]] : []),
    ...freezeRows(plan).map(({ name, value }) => [name, value]),
    ["approval by", plan.approvals.join(", ")],
    ...(plan.roles ?? []).map(({ role, persons }) => [`signs as ${roleText(role)}`, persons.join(", ")]),
  ]);
  const stages = table(
    o.colours,
    plan.stages.map((stage) => [
      plan.rolling
        ? `${stage.weightPct} %, ${updatedAt(plan, stage.weightPct)} of ${plan.instances} instances`
        : `${stage.weightPct} %`,
      spanText(stage.durationMs),
      `+${spanText(stage.extensionMs)} once`,
      `at least ${stage.minRequests} requests`,
    ]),
    ["traffic", "for", "if evidence is thin", "exposure"],
  );
  return [
    facts,
    plan.staging
      ? `staging is watched for ${spanText(plan.staging.observeMs)}, then:`
      : "there is no staging environment:",
    stages,
    table(
      o.colours,
      plan.understood.map((entry) => [entry.name, entry.value, sourceText(entry)]),
      ["understood", "as", "from"],
    ),
    ...listed(
      "Not judged, and accepted by approving this plan",
      Object.entries(plan.notApplicable).map(([what, why]) => `${what}: ${why}`),
    ),
    ...listed("Not known before the start, and accepted by approving this plan", plan.expectedUnknowns),
    ...listed("Risks, declared or computed from this plan", riskRows(plan).map(riskText)),
    ...listed("When going back fails, call", contactTexts(plan)),
    readinessTitle(plan),
    table(
      o.colours,
      plan.readiness.criteria.map(({ id, mandatory, answeredBy }) => [
        id,
        mandatory ? "mandatory" : "advisory",
        answeredBy.join(", ") || (mandatory ? "nobody: NO-GO" : "nobody: a condition"),
        CRITERIA[id].title,
      ]),
      ["criterion", "", "answered by", "what has to be so"],
    ),
    `plan ${planHash}`,
    approvalText(plan, planHash, o),
  ].join("\n");
}

function riskText({ risk, impact, mitigation, source, owner }: ReturnType<typeof riskRows>[number]): string {
  return `${risk}; effect: ${impact}; done about it: ${mitigation} (${[source, owner].filter(Boolean).join(", ")})`;
}

function readinessTitle({ readiness, fixes }: Plan): string {
  const without = fixes ? `, without ENV-2 and REL-2 to end ${fixes.incident}: ${fixes.reason}` : "";
  return `asked before anything is changed (readiness, profile ${readiness.profile}${without}):`;
}

function strategyText(plan: Plan): string {
  if (!plan.rolling) return plan.strategy;
  return `rolling, ${plan.stages.length} batches of at most ${plan.rolling.batch} of ${plan.instances} instances`;
}

function migrationText({ id, kind, reversible }: Plan["migrations"][number]): string {
  return `${id} (${kind}${reversible ? "" : ", irreversible"})`;
}

function testsText(plan: Plan): string {
  if (!plan.tests) return "not judged";
  const { baseline, candidate } = plan.tests;
  const new_ = candidate.length > 0 ? `${candidate.length} report files` : "the suite is run";
  switch (baseline.from) {
    case "label":
      return `${new_}, against the stored results of ${baseline.version}`;
    case "files":
      return `${new_}, against ${baseline.files.length} report files of ${baseline.version}`;
    case "none":
      return `${new_}, against nothing: ${baseline.reason}`;
    default:
      return baseline satisfies never;
  }
}

function approvalText(plan: Plan, planHash: Sha256, { flags = [], isStarted = false }: Shown): string {
  if (isStarted) {
    if (plan.approvals.includes("none")) return "no approval is needed";
    return `a person approves it: deploy-flow approve ${planHash}`;
  }
  const start = ["deploy-flow run", plan.version, ...flags.map(inShell)].join(" ");
  if (plan.approvals.includes("none")) return `no approval is needed; start it with: ${start}`;
  const job = plan.approvals.includes("flag") ? `, or in a protected job: ${start} --approve ${planHash}` : "";
  return `start it with: ${start}; then a person approves it: deploy-flow approve ${planHash}${job}`;
}

function inShell(word: string): string {
  return /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`;
}

function listed(title: string, entries: readonly string[]): string[] {
  return entries.length === 0 ? [] : [`${title}:`, ...entries.map((entry) => `  - ${entry}`)];
}

function table(colours: boolean, rows: readonly string[][], head?: string[]): string {
  const drawn = new Table({
    ...(head ? { head } : {}),
    style: { head: colours ? ["cyan"] : [], border: colours ? ["grey"] : [], compact: true },
  });
  for (const row of rows) drawn.push(row);
  return drawn.toString();
}
