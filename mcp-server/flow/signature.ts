import { join } from "node:path";
import { allowEnv, BASE_ENV, type Ports, privatePath } from "../ports/index.ts";
import { redact } from "../record/redact.ts";
import type { RunId } from "../vocab/index.ts";
import { messageOf } from "../vocab/index.ts";
import type { Request } from "./events.ts";
import type { Plan } from "./plan.ts";
import type { RunState } from "./run-state.ts";

/** What `ssh-keygen -Y` calls the purpose of a signature: one made for anything else does not count here. */
export const SIGNATURE_NAMESPACE = "deploy-flow";

/** Requests that a person can sign. */
export type Signable = Extract<Request, { kind: "approve" | "answer" }>;

/** What an answer belongs to, so that a signature given once cannot be used again. */
export interface Occasion {
  readonly runId: RunId | undefined;
  readonly questionKey: string | undefined;
}

/** The occasion of a run now. */
export function occasionOf(state: Pick<RunState, "runId" | "question">): Occasion {
  return { runId: state.runId, questionKey: state.question?.key };
}

/**
 * The text that a person signs. It is bound to the run, so that a signature which stands in the journal of an earlier
 * run of the same plan says nothing here; an answer is bound to the one question that it answers as well.
 */
export function statementOf(plan: Plan, request: Signable, occasion: Occasion): string {
  const about = [`service ${plan.service}`, `version ${plan.version}`, `run ${occasion.runId ?? "none"}`];
  const said =
    request.kind === "approve"
      ? [
          `plan ${request.planHash}`,
          `decision ${request.decision}`,
          ...(request.role === undefined ? [] : [`role ${request.role}`]),
        ]
      : [
          `question ${occasion.questionKey ?? "none"}`,
          `answer ${request.answer}`,
          `reason ${JSON.stringify(request.reason)}`,
        ];
  return `${["deploy-flow decision 1", ...about, ...said].join("\n")}\n`;
}

/** What a signature is checked against. */
export interface Signature {
  readonly statement: string;
  /** Armoured, as ssh-keygen writes it. */
  readonly armoured: string;
  /** Who claims to have signed. */
  readonly person: string;
  /** Text of the allowed signers file that the plan froze. */
  readonly signers: string;
}

const VERIFY_MS = 10_000;
const CAP_BYTES = 8 * 1024;

/**
 * Checks a signature with `ssh-keygen -Y verify`. Undefined when it is this person's, by a key of the plan's signers;
 * else why it does not count. Whatever cannot be checked does not count.
 */
export async function objectionTo(
  ports: Pick<Ports, "exec" | "disk" | "ids">,
  root: string,
  o: Signature,
): Promise<string | undefined> {
  const folder = privatePath(root, `signature-${ports.ids.hex(6)}`);
  const signers = join(folder, "allowed-signers");
  const armoured = join(folder, "signature");
  try {
    ports.disk.mkdir(folder);
    ports.disk.createExclusive(signers, o.signers, 0o600);
    ports.disk.createExclusive(armoured, o.armoured, 0o600);
    const exit = await ports.exec.run(
      ["ssh-keygen", "-Y", "verify", "-f", signers, "-I", o.person, "-n", SIGNATURE_NAMESPACE, "-s", armoured],
      { cwd: folder, env: allowEnv(BASE_ENV), stdin: o.statement, timeoutMs: VERIFY_MS, outputCapBytes: CAP_BYTES },
    );
    if (exit.code === 0) return undefined;
    const said = redact(`${exit.stdout} ${exit.stderr}`.replaceAll(folder, "").replace(/\s+/g, " ").trim(), 200);
    return `the signature is not ${JSON.stringify(redact(o.person, 60))}'s over this decision: ${said || `code ${exit.code ?? exit.killedBy}`}`;
  } catch (error) {
    return `the signature could not be checked: ${redact(messageOf(error), 200)}`;
  } finally {
    ports.disk.remove(folder);
  }
}

/** Why a request that claims a signature must not be taken; undefined for a good one and for every other request. */
export async function signatureObjection(
  ports: Pick<Ports, "exec" | "disk" | "ids">,
  root: string,
  plan: Plan,
  request: Request,
  occasion: Occasion,
): Promise<string | undefined> {
  if (request.kind !== "approve" && request.kind !== "answer") return undefined;
  if (request.way !== "ssh-signature") return undefined;
  if (plan.signers === undefined) return "the plan names no signers (approvals.signers in deploy.yaml)";
  if (request.signature === undefined) return "no signature came with it";
  return objectionTo(ports, root, {
    statement: statementOf(plan, request, occasion),
    armoured: request.signature,
    person: request.person,
    signers: plan.signers,
  });
}
