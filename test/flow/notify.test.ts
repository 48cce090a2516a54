import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, it } from "vitest";
import type { Run } from "../../mcp-server/flow/engine.ts";
import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import { NotifyConfig, type NotifyOn, type Receiver } from "../../mcp-server/flow/notify/config.ts";
import { type Message, messagesOf } from "../../mcp-server/flow/notify/message.ts";
import { createNotifier, type Sending } from "../../mcp-server/flow/notify/notifier.ts";
import { notifyProblems } from "../../mcp-server/flow/notify/problems.ts";
import { send } from "../../mcp-server/flow/notify/send.ts";
import type { Plan } from "../../mcp-server/flow/plan.ts";
import { emptyState } from "../../mcp-server/flow/run-state.ts";
import { applyEvent } from "../../mcp-server/flow/state.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { Instant, RunId, StepKey, Version } from "../../mcp-server/vocab/index.ts";
import { fakeClock, fakeExec, fakeHttp } from "../fakes/index.ts";

const RUN_ID = "dpl-20260301T120000Z-00000a" as RunId;
const AT = "2026-03-01T12:00:00.000Z" as Instant;
const KEY = "stage-1/watch/question-1" as StepKey;
const receivers = (list: unknown): Receiver[] => NotifyConfig.parse(list);
const COMMAND = receivers([{ command: ["./tell", "{kind}", "{outcome}"] }]);

function planWith(notify: Receiver[]): Plan {
  return {
    service: "shop",
    version: "2.0.0",
    previous: { version: "1.0.0" },
    production: true,
    notify,
  } as unknown as Plan;
}
const PLAN = planWith(COMMAND);

const stamped = (event: FlowEvent, seq = 7) => ({ seq, at: AT, event }) as Stamped<FlowEvent>;
const question: FlowEvent = {
  event: "question",
  key: KEY,
  question: {
    about: "regression",
    text: "The rollout is held (regression): worse",
    options: ["rollback", "accept", "investigate"],
    deadlineMs: 600_000,
    onExpiry: "rollback",
  },
};
const latched: FlowEvent = {
  event: "rollback-latched",
  trigger: { kind: "slo", reasons: [{ code: "slo", text: "error-rate 40 % of 100 requests" }] },
};
const outcome = (name: "SUCCESS" | "ROLLBACK_FAILED"): FlowEvent => ({
  event: "outcome",
  outcome: name,
  reasons: [{ code: "x", text: "token=ghp_0123456789abcdefghijklmnopqrstuvwxyzAB leaked" }],
  runningVersion: name === "SUCCESS" ? ("2.0.0" as Version) : undefined,
});

describe("what is told", () => {
  it.each<[string, FlowEvent, NotifyOn[], RegExp]>([
    ["a question", question, ["awaiting-decision"], /^shop 2\.0\.0: The rollout is held/],
    [
      "one that is still open",
      { event: "reminded", key: KEY, waitedMs: 300_000, remainingMs: 300_000 },
      ["awaiting-decision"],
      /still unanswered/,
    ],
    ["a rollback", latched, ["rollback-started"], /going back to 1\.0\.0 \(slo\): error-rate 40 %/],
    ["the end", outcome("SUCCESS"), ["outcome"], /SUCCESS; production runs 2\.0\.0/],
    ["a failed rollback", outcome("ROLLBACK_FAILED"), ["rollback-failed", "outcome"], /A person must act now/],
    ["nothing else", { event: "notice", level: "warning", text: "x" }, [], /^$/],
  ])("%s", (_name, event, kinds, text) => {
    const messages = messagesOf(PLAN, RUN_ID, stamped(event));
    expect(messages.map(({ kind }) => kind)).toEqual(kinds);
    expect(messages[0]?.text ?? "").toMatch(text);
    expect(messages.map(({ id }) => id)).toEqual(kinds.map((kind) => `${RUN_ID}/7/${kind}`));
    expect(JSON.stringify(messages)).not.toContain("ghp_");
  });
});

describe("whom to call", () => {
  const declared = {
    escalation: {
      contacts: [
        { role: "incident commander", name: "Ada", reach: "pager shop" },
        { role: "operations lead", reach: "0800" },
      ],
    },
  };
  const told = (event: FlowEvent) => messagesOf({ ...PLAN, declared }, RUN_ID, stamped(event));

  it("is told with a failed rollback, in the order of deploy.yaml, and with nothing else", () => {
    const [failed, ended] = told(outcome("ROLLBACK_FAILED"));
    expect(failed?.contacts).toEqual(["incident commander, Ada: pager shop", "operations lead: 0800"]);
    expect(failed?.text).toMatch(/A person must act now: .*; call incident commander, Ada: pager shop$/);
    expect(ended?.contacts).toEqual([]);
    for (const event of [question, latched, outcome("SUCCESS")])
      expect(told(event).flatMap(({ contacts }) => contacts)).toEqual([]);
  });
});

const [message] = messagesOf(PLAN, RUN_ID, stamped(outcome("SUCCESS"))) as [Message];
const ENV = { PATH: "/bin", HOOK: "https://hooks.example/T0/secret", TOKEN: "top-secret", OTHER: "private" };

describe("sending", () => {
  it("gives a command the message on its input, and no more of the environment than it was promised", async () => {
    const exec = fakeExec();
    const [one] = receivers([{ command: ["./tell", "{kind}", "{outcome}"], passEnv: ["TOKEN"] }]) as [Receiver];
    expect(await send({ exec, http: fakeHttp(), env: ENV, cwd: "/shop" }, one, message)).toBeUndefined();
    expect(exec.calls[0]?.argv).toEqual(["./tell", "outcome", "SUCCESS"]);
    expect(JSON.parse(exec.calls[0]?.options.stdin ?? "")).toEqual(message);
    expect(exec.calls[0]?.options.env).toEqual({ PATH: "/bin", TOKEN: "top-secret" });
  });

  it.each<[string, unknown, RegExp]>([
    ["a command that fails", { command: ["./tell"], passEnv: ["TOKEN"] }, /^the command ended with 3: bad \{TOKEN\}$/],
    ["a status that is no yes", { webhook: "http://hooks.example/500" }, /^answered with 500$/],
    ["a redirect", { webhook: "http://hooks.example/302" }, /^answered with 302$/],
    ["nobody there", { webhookFrom: "HOOK" }, /^connect ECONNREFUSED \{HOOK\}$/],
    ["a variable that is not set", { webhookFrom: "NONE" }, /^the variable NONE holds no address$/],
    [
      "a header without its variable",
      { webhook: "http://hooks.example/200", headersFrom: { Authorization: "NONE" } },
      /^the variable NONE is not set$/,
    ],
  ])("says what went wrong, without secrets: %s", async (_name, config, problem) => {
    const exec = fakeExec(() => ({ code: 3, stderr: "bad top-secret\n" }));
    const http = fakeHttp({
      "http://hooks.example/500": { status: 500 },
      "http://hooks.example/302": { status: 302 },
      "http://hooks.example/200": "",
    });
    const [one] = receivers([config]) as [Receiver];
    expect(await send({ exec, http, env: ENV, cwd: "/shop" }, one, message)).toMatch(problem);
  });

  it("works with a real command and a real address", async () => {
    const got: { body: string; authorization: string | undefined }[] = [];
    const server = createServer((request, response) => {
      let body = "";
      request.on("data", (chunk: Buffer) => {
        body += chunk.toString("utf8");
      });
      request.on("end", () => {
        got.push({ body, authorization: request.headers.authorization });
        response.end("ok");
      });
    });
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const { exec, http } = realPorts();
    const env = {
      ...process.env,
      HOOK: `http://127.0.0.1:${(server.address() as AddressInfo).port}/x`,
      TOKEN: "Bearer t",
    };
    const readsAll =
      "let s='';process.stdin.on('data',(c)=>s+=c).on('end',()=>process.exit(JSON.parse(s).kind===process.argv[1]?0:9))";
    const [one, two, slow] = receivers([
      { command: [process.execPath, "-e", readsAll, "{kind}"] },
      { webhookFrom: "HOOK", headersFrom: { Authorization: "TOKEN" } },
      { command: [process.execPath, "-e", "setTimeout(()=>{},60000)"], timeout: "200ms" },
    ]) as [Receiver, Receiver, Receiver];
    const sendPorts = { exec, http, env, cwd: "/" };
    try {
      expect(await send(sendPorts, one, message)).toBeUndefined();
      expect(await send(sendPorts, two, message)).toBeUndefined();
      expect(got.map(({ body }) => JSON.parse(body))).toEqual([message]);
      expect(got[0]?.authorization).toBe("Bearer t");
      expect(await send(sendPorts, slow, message)).toMatch(/did not end within 200ms/);
    } finally {
      server.close();
    }
  });
});

/** A run that is nothing but its journal. */
function journalOnly(notify: Receiver[]) {
  const plan = planWith(notify);
  const state = emptyState(plan);
  const events: Stamped<FlowEvent>[] = [];
  const clock = fakeClock();
  const append = (event: FlowEvent) => {
    const one = stamped(event, events.length + 1);
    events.push(one);
    applyEvent(state, one);
    return one;
  };
  state.runId = RUN_ID;
  const run = { plan, clock, state: () => state, events: () => events, append } as unknown as Run;
  return { run, clock, append, told: () => events.flatMap(({ event }) => (event.event === "notified" ? [event] : [])) };
}

describe("a notifier", () => {
  const two = receivers([{ command: ["a"] }, { on: ["outcome"], command: ["b"] }]);

  it("tells each receiver what it asked for, once, and journals it", async () => {
    const { run, append, told } = journalOnly(two);
    const sent: string[] = [];
    const sending: Sending = async (receiver, { kind }) => {
      sent.push(`${"command" in receiver ? receiver.command[0] : ""} ${kind}`);
      return undefined;
    };
    const notifier = createNotifier(run, sending);
    const back = append(latched);
    notifier.tell(back);
    notifier.tell(back);
    notifier.tell(append(outcome("SUCCESS")));
    await notifier.settle(1_000);
    expect(sent.sort()).toEqual(["a outcome", "a rollback-started", "b outcome"]);
    expect(told().map(({ kind, receiver, problem }) => [kind, receiver, problem])).toEqual([
      ["rollback-started", 1, undefined],
      ["outcome", 1, undefined],
      ["outcome", 2, undefined],
    ]);
  });

  it("tries a failing receiver once more and then gives up, without holding up the others", async () => {
    const { run, clock, append, told } = journalOnly(two);
    let tries = 0;
    const notifier = createNotifier(run, async (receiver) => {
      if ("command" in receiver && receiver.command[0] === "b") return undefined;
      tries += 1;
      return "answered with 500";
    });
    notifier.tell(append(outcome("SUCCESS")));
    await clock.runUntil(notifier.settle(5_000));
    expect(tries).toBe(2);
    expect(told().map(({ receiver, problem }) => [receiver, problem])).toEqual([
      [2, undefined],
      [1, "answered with 500"],
    ]);
  });

  it("does not wait longer than its limit for a receiver that never answers, and journals nothing afterwards", async () => {
    const { run, clock, append, told } = journalOnly(COMMAND);
    let answer: (problem: undefined) => void = () => {};
    const notifier = createNotifier(
      run,
      () =>
        new Promise((resolve) => {
          answer = resolve;
        }),
    );
    notifier.tell(append(outcome("SUCCESS")));
    await clock.runUntil(notifier.settle(10_000));
    answer(undefined);
    await Promise.resolve();
    expect(told()).toEqual([]);
  });

  it("sends again what a dead runner had not seen taken, but no question that has its answer", async () => {
    const { run, append } = journalOnly(COMMAND);
    const done = append(latched);
    append({
      event: "notified",
      id: `${RUN_ID}/${done.seq}/rollback-started`,
      receiver: 1,
      kind: "rollback-started",
      ms: 1,
    });
    append(question);
    append({ event: "answer", key: KEY, answer: "rollback", way: "terminal", person: "ada", reason: "x" });
    append(outcome("SUCCESS"));
    const sent: string[] = [];
    const notifier = createNotifier(run, async (_receiver, { kind }) => {
      sent.push(kind);
      return undefined;
    });
    notifier.catchUp();
    await notifier.settle(1_000);
    expect(sent).toEqual(["outcome"]);
  });
});

describe("the section", () => {
  it.each<[string, unknown, string | undefined]>([
    ["a webhook with its address", { webhook: "https://hooks.example/x" }, undefined],
    ["one by variable", { webhookFrom: "HOOK" }, undefined],
    ["no address", { on: ["outcome"], headersFrom: {} }, "notify[0]"],
    ["two addresses", { webhook: "https://hooks.example/x", webhookFrom: "HOOK" }, "notify[0]"],
    ["no time", { command: ["x"], timeout: "0s" }, "notify[0].timeout"],
    ["every placeholder", { command: ["x", "{kind} {service} {version} {run} {outcome} {}"] }, undefined],
    ["a placeholder that nothing fills", { command: ["x", "{verison}"] }, "notify[0].command"],
    ["too much time", { command: ["x"], timeout: "31s" }, "notify[0].timeout"],
  ])("%s", (_name, config, key) => {
    expect(notifyProblems(receivers([config]))[0]?.key).toBe(key);
  });

  it.each([
    { command: [] },
    { webhook: "file:///etc/passwd" },
    { webhook: "x", command: ["y"] },
    { on: [], command: ["x"] },
  ])("refuses %j", (config) => {
    expect(NotifyConfig.safeParse([config]).success).toBe(false);
  });
});
