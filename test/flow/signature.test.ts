import { execFileSync } from "node:child_process";
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { RunControl } from "../../mcp-server/flow/engine.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { take } from "../../mcp-server/flow/inbox.ts";
import type { Plan } from "../../mcp-server/flow/plan.ts";
import { emptyState } from "../../mcp-server/flow/run-state.ts";
import { objectionTo, type Signable, type Signature, statementOf } from "../../mcp-server/flow/signature.ts";
import { applyEvent } from "../../mcp-server/flow/state.ts";
import { privatePath, realPorts } from "../../mcp-server/ports/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import { type Instant, type RunId, type StepKey, sha256 } from "../../mcp-server/vocab/index.ts";
import { fakeExec } from "../fakes/index.ts";
import { fakeWorld } from "./fake-world.ts";

const ports = realPorts();
const folder = mkdtempSync(join(tmpdir(), "deploy-flow-signature-"));
const STATEMENT = "deploy-flow decision 1\nservice shop\n";

function keyOf(name: string): { key: string; publicKey: string } {
  const key = join(folder, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-C", name, "-f", key]);
  return { key, publicKey: readFileSync(`${key}.pub`, "utf8").split(" ").slice(0, 2).join(" ") };
}

let made = 0;
function signed(key: string, statement = STATEMENT, namespace = "deploy-flow"): string {
  made += 1;
  const file = join(folder, `statement-${made}`);
  writeFileSync(file, statement);
  execFileSync("ssh-keygen", ["-q", "-Y", "sign", "-f", key, "-n", namespace, file], { stdio: "ignore" });
  return readFileSync(`${file}.sig`, "utf8");
}

let ada: ReturnType<typeof keyOf>;
let eve: ReturnType<typeof keyOf>;
let signers: string;
beforeAll(() => {
  ada = keyOf("ada");
  eve = keyOf("eve");
  signers = `# who may say yes\nada@example.org namespaces="deploy-flow" ${ada.publicKey}\n`;
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe("a signature", () => {
  const good = (): Signature => ({
    statement: STATEMENT,
    armoured: signed(ada.key),
    person: "ada@example.org",
    signers,
  });

  it("counts when its person is a signer and the statement is the one that was signed", async () => {
    expect(await objectionTo(ports, folder, good())).toBeUndefined();
  });

  it.each<[string, () => Partial<Signature>]>([
    ["by a key that nobody named", () => ({ armoured: signed(eve.key) })],
    ["under another name", () => ({ person: "eve@example.org" })],
    ["under a pattern for a name", () => ({ person: "*" })],
    ["under no name", () => ({ person: "" })],
    ["under a name that reads like an option", () => ({ person: "-f" })],
    ["over another statement", () => ({ statement: `${STATEMENT}answer accept\n` })],
    ["made for another purpose", () => ({ armoured: signed(ada.key, STATEMENT, "git") })],
    ["that is none", () => ({ armoured: "not a signature" })],
    ["that is cut off", () => ({ armoured: signed(ada.key).slice(0, 120) })],
    ["where nobody may sign", () => ({ signers: "" })],
    ["where the signers cannot be read", () => ({ signers: "\u0000\u0001" })],
  ])("%s does not", async (_name, change) => {
    const objection = await objectionTo(ports, folder, { ...good(), ...change() });
    expect(objection).toMatch(/^the signature is not /);
    expect(objection).not.toContain(folder);
  });

  it.each([
    ["ssh-keygen is not there", fakeExec(() => new Error("spawn ssh-keygen ENOENT"))],
    ["it hangs", fakeExec(() => ({ code: undefined as never, killedBy: "SIGKILL", timedOut: true }))],
  ])("does not when %s", async (_name, exec) => {
    expect(await objectionTo({ ...ports, exec }, folder, good())).toMatch(/^the signature /);
  });

  it("leaves no file behind", async () => {
    await objectionTo(ports, folder, good());
    const left = privatePath(folder, "signature-");
    expect(existsSync(dirname(left))).toBe(true);
    expect(readdirSync(dirname(left)).filter((name) => join(dirname(left), name).startsWith(left))).toEqual([]);
  });
});

describe("the statement", () => {
  const plan = { service: "shop", version: "2.4.0" } as Plan;
  const occasion = { runId: "dpl-20260101T000000Z-aaaaaa" as RunId, questionKey: "stage-1/watch/question-1" };
  const approval: Signable = {
    kind: "approve",
    decision: "approve",
    planHash: sha256("plan"),
    way: "ssh-signature",
    person: "ada",
  };
  const answer: Signable = {
    kind: "answer",
    answer: "accept",
    way: "ssh-signature",
    person: "ada",
    reason: "known\nanswer rollback",
  };

  it("of an approval belongs to one run: given once, it approves no later run of the same plan", () => {
    const text = statementOf(plan, approval, occasion);
    expect(text).toBe(
      `deploy-flow decision 1\nservice shop\nversion 2.4.0\nrun ${occasion.runId}\nplan ${sha256("plan")}\ndecision approve\n`,
    );
    expect(statementOf(plan, approval, { ...occasion, runId: "dpl-20260101T000000Z-bbbbbb" as RunId })).not.toBe(text);
  });

  it("of an approval in a role says the role, so that no other role can be put beside the signature", () => {
    const text = statementOf(plan, { ...approval, role: "release-manager" }, occasion);
    expect(text).toBe(`${statementOf(plan, approval, occasion)}role release-manager\n`);
    expect(statementOf(plan, { ...approval, role: "operations-lead" }, occasion)).not.toBe(text);
  });

  it("of an answer belongs to one question of one run, and no reason can look like another line", () => {
    const text = statementOf(plan, answer, occasion);
    expect(text.split("\n").filter((line) => line.startsWith("answer "))).toEqual(["answer accept"]);
    for (const other of [
      { ...occasion, questionKey: "stage-1/watch/question-2" },
      { ...occasion, runId: "dpl-20260101T000000Z-bbbbbb" as RunId },
    ]) {
      expect(statementOf(plan, answer, other)).not.toBe(text);
    }
  });
});

describe("a signed answer", () => {
  it("does not count for a question that came while its signature was checked", async () => {
    const world = fakeWorld();
    const plan = { ...world.plan, signers, approvals: ["ssh-signature" as const], production: true };
    const state = emptyState(plan);
    const ask = (key: string) =>
      applyEvent(state, {
        seq: 1,
        epoch: 1,
        at: "2026-03-01T12:00:00.000Z" as Instant,
        actor: { kind: "runner", name: "deploy-flow" },
        event: {
          event: "question",
          key: key as StepKey,
          question: { about: "attestation", text: key, options: ["attest"], deadlineMs: 1_000, onExpiry: "unknown" },
        },
      } as Stamped<FlowEvent>);
    ask("readiness/1/on-call/attest");
    const exec = fakeExec(() => {
      ask("readiness/1/backups/attest");
      return { code: 0 };
    });
    const project = { ...world.project, ports: { ...world.project.ports, exec } };
    const journalled: FlowEvent[] = [];
    const run = { plan, state: () => state, events: () => [], appendAs: (event: FlowEvent) => journalled.push(event) };
    const request = {
      kind: "answer",
      answer: "attest",
      way: "ssh-signature",
      person: "ada@example.org",
      reason: "I am",
      signature: "armoured",
    } as const;
    const entry = { id: "req-1", request, actor: { kind: "person" as const, name: "ada" } };
    const receipt = await take(project, run as unknown as RunControl, entry);
    expect(receipt).toMatchObject({ taken: false, note: expect.stringMatching(/another question is open/) });
    expect(journalled).toMatchObject([{ event: "request", taken: false }]);
  });
});
