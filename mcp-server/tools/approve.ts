import { z } from "zod";
import type { ApprovalWay } from "../flow/config.ts";
import type { Project } from "../flow/project.ts";
import type { Role } from "../flow/roles.ts";
import type { PendingQuestion } from "../flow/run-state.ts";
import type { Signable } from "../flow/signature.ts";
import { redact } from "../record/redact.ts";
import { FlowError, Sha256 } from "../vocab/index.ts";
import { RunAnswer, runAnswer, runAnswerExit, runAnswerText } from "./run-answer.ts";
import { type Confirmation, defineTool, type ToolIo } from "./tool.ts";

const Input = z.object({
  planHash: Sha256.optional().describe("the plan that was read; needed to approve or reject it"),
  answer: z
    .enum(["approve", "reject", "accept", "investigate", "continue", "attest", "rollback"])
    .default("approve")
    .describe("approve, reject: the plan; the others: a question that the run asks"),
  reason: z.string().min(1).max(500).optional().describe("needed to answer a question"),
});
type Input = z.infer<typeof Input>;

const Output = RunAnswer.extend({
  /** What a person types, when this call could not ask one. */
  personMustRun: z.string().optional(),
});

/**
 * A person's yes. The call itself proves nothing about who made it, so a door that cannot ask a person gets the
 * command for one; only a plan that accepts the way `none` (no real users) takes it as it comes.
 */
export const approve = defineTool({
  name: "approve",
  title: "Approve (a person)",
  description:
    "A person's answer: approve or reject the plan hash, or accept, investigate, continue, attest, rollback on a question. Never decide this yourself: ask the user; where they cannot be asked it returns the command for them.",
  input: Input,
  output: Output,
  effect: "destroy",
  openWorld: true,
  idempotent: true,
  person: true,
  positionals: ["planHash"],
  run: async (given, io) => {
    const project = await io.project();
    const { sendRequest, statusOf } = await import("../flow/api.ts");
    const { planHash } = await import("../flow/plan.ts");
    const { readRun } = await import("../flow/run-files.ts");
    const { occasionOf, statementOf } = await import("../flow/signature.ts");
    const run = readRun(project);
    if (!run || run.archived) throw noRunToApprove();
    // Who sits at a terminal is shown the hash below and need not type it.
    const args = io.interactive ? { ...given, planHash: given.planHash ?? planHash(run.plan) } : given;
    const command = commandFor(args, project, run.plan.approvals);
    // Checked before a person is asked for anything.
    const { question } = run.state;
    const asked = requestOf(args, { way: "none", person: "" }, question, io.role);
    // Going back is never gated, and a plan without real users takes an answer as it comes.
    const free = args.answer === "rollback" || run.plan.approvals.includes("none");
    const statement = statementOf(run.plan, asked, occasionOf(run.state));
    const said = free
      ? undefined
      : await io.confirm(sentenceOf(args, run.plan.version, io.role), statement, run.plan.approvals);
    if (!said && !free) {
      const note = `no person could be asked here, so the answer is no; a person runs this in a terminal: ${command}`;
      return { ...runAnswer(await statusOf(project), { taken: false, note }), personMustRun: command };
    }
    const request = requestOf(args, said ?? { way: "none", person: nameOf(io) }, question, io.role);
    const { status, taken, note } = await sendRequest(
      project,
      request,
      said ? { kind: "person", name: said.person } : io.actor,
    );
    return { ...runAnswer(status, { taken, note }), ...(taken ? {} : { personMustRun: command }) };
  },
  text: runAnswerText,
  exit: (out) => (out.taken === false ? runAnswerExit(out) : 0),
});

function nameOf(io: ToolIo): string {
  return `${io.actor.name} (no person was asked)`;
}

function sentenceOf(args: Input, version: string, role: Role | undefined): string {
  const as = role === undefined ? "" : `, as ${role.replaceAll("-", " ")},`;
  return args.answer === "approve" || args.answer === "reject"
    ? `${args.answer}${as} the plan ${args.planHash ?? ""} that deploys version ${version}`
    : `answer "${args.answer}" to the question of the deployment of version ${version}`;
}

/** `reject` answers a question that takes it, other than the one about the plan; else it rejects the plan. */
function requestOf(
  args: Input,
  said: Confirmation | { way: "none"; person: string },
  open: PendingQuestion | undefined,
  role: Role | undefined,
): Signable {
  if (role !== undefined && args.answer !== "approve") throw roleWithout(args.answer);
  const { way, person } = said;
  const options = open?.question.options ?? [];
  const question = open ? { question: open.key } : {};
  const signature = "signature" in said ? { signature: said.signature } : {};
  const reason = args.reason === undefined ? undefined : redact(args.reason, 500);
  if (args.answer === "reject" && options.includes("reject") && !options.includes("approve")) {
    if (reason === undefined) throw missing("a reason", "say why; it stands in the report");
    return { kind: "answer", answer: "reject", ...question, way, person, reason, ...signature };
  }
  switch (args.answer) {
    case "approve":
    case "reject":
      if (args.planHash === undefined)
        throw missing("the hash of the plan", "give the plan hash that deploy-next shows");
      return {
        kind: "approve",
        decision: args.answer,
        planHash: args.planHash,
        way,
        person,
        ...(role === undefined ? {} : { role }),
        ...(reason === undefined ? {} : { reason }),
        ...signature,
      };
    case "accept":
    case "investigate":
    case "continue":
    case "attest":
    case "rollback":
      if (reason === undefined) throw missing("a reason", "say why; it stands in the report");
      return { kind: "answer", answer: args.answer, ...question, way, person, reason, ...signature };
    default:
      return args.answer satisfies never;
  }
}

function missing(expected: string, next: string): FlowError {
  return new FlowError({ code: "usage", what: "the answer is incomplete", expected, found: "none", next });
}

function roleWithout(answer: string): FlowError {
  return new FlowError({
    code: "usage",
    what: "a role belongs to the approval of a plan",
    expected: "--role with the answer approve",
    found: answer,
    next: "leave --role out",
  });
}

function noRunToApprove(): FlowError {
  return new FlowError({
    code: "conflict",
    what: "no run is under way in this project, so there is nothing to approve",
    next: "start one with deploy-start, or `deploy-flow run VERSION --approve HASH` in a protected CI job",
  });
}

/** The command that a person runs, with nothing in it that a caller could make up. */
function commandFor(args: Input, project: Project, accepted: readonly ApprovalWay[]): string {
  const parts = ["deploy-flow", "approve"];
  if (args.planHash) parts.push(args.planHash);
  if (args.answer !== "approve") parts.push("--answer", args.answer);
  if (args.answer !== "approve" && args.answer !== "reject") parts.push("--reason", "WHY");
  if (accepted.includes("ssh-signature")) parts.push("--sign-with", "KEY", "--identity", "YOU");
  return [...parts, "--project", shellQuoted(project.root)].join(" ");
}

function shellQuoted(path: string): string {
  return /^[\w./-]+$/.test(path) ? path : `'${path.replaceAll("'", "'\\''")}'`;
}
