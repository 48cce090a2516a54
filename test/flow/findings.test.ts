import "./without-reports.ts";
import { describe, expect, test } from "vitest";
import { findings } from "../../mcp-server/flow/readiness-answers.ts";
import { readinessOf } from "../../mcp-server/flow/readiness-state.ts";
import { emptyState, type RunState } from "../../mcp-server/flow/run-state.ts";
import type { Answer, AnswerStatus } from "../../mcp-server/judge/index.ts";
import type { Instant } from "../../mcp-server/vocab/index.ts";
import { fakeWorld } from "./fake-world.ts";

const { plan } = fakeWorld();
const CRITERION = "SEC-2" as const;
const at = (minute: number) => new Date(Date.UTC(2026, 2, 1, 12, minute)).toISOString() as Instant;
const NOW = at(50);

/** In the minute `at` an agent that claims `role` says `status`. */
interface Said {
  readonly at: number;
  readonly status: AnswerStatus;
  readonly role?: string;
}

/** Somebody else's answer to the same criterion. */
interface Heard {
  readonly at: number;
  readonly status: AnswerStatus;
  readonly by: "person" | "runner" | "agent";
  readonly validUntil?: number;
}

interface Case {
  readonly name: string;
  readonly said: readonly Said[];
  /** Minutes in which a report was made. */
  readonly reports?: readonly number[];
  readonly heard?: readonly Heard[];
  readonly stands: boolean;
}

const FAIL: Said = { at: 5, status: "fail" };
const CASES: Case[] = [
  { name: "a failure stands", said: [FAIL], stands: true },
  { name: "a later pass of the same role takes nothing back", said: [FAIL, { at: 6, status: "pass" }], stands: true },
  { name: "a later unknown takes nothing back", said: [FAIL, { at: 6, status: "unknown" }], stands: true },
  {
    name: "a later not-applicable takes nothing back",
    said: [FAIL, { at: 6, status: "not-applicable" }],
    stands: true,
  },
  {
    name: "a pass of another role takes nothing back",
    said: [FAIL, { at: 6, status: "pass", role: "b" }],
    stands: true,
  },
  { name: "a failure after a pass counts", said: [{ at: 4, status: "pass" }, FAIL], stands: true },
  { name: "no failure was said", said: [{ at: 4, status: "pass" }], stands: false },
  {
    name: "a check that was made before says nothing about it",
    said: [FAIL],
    reports: [10],
    heard: [{ at: 4, status: "pass", by: "runner" }],
    stands: true,
  },
  {
    name: "a check of the same round is only another opinion",
    said: [FAIL],
    heard: [{ at: 6, status: "pass", by: "runner" }],
    stands: true,
  },
  {
    name: "a check that measured it after the failure was judged takes it back",
    said: [FAIL],
    reports: [10],
    heard: [{ at: 20, status: "pass", by: "runner" }],
    stands: false,
  },
  {
    name: "a report before the failure does not count as having judged it",
    said: [FAIL],
    reports: [4],
    heard: [{ at: 20, status: "pass", by: "runner" }],
    stands: true,
  },
  {
    name: "a check that measured it and does not know takes nothing back",
    said: [FAIL],
    reports: [10],
    heard: [{ at: 20, status: "unknown", by: "runner" }],
    stands: true,
  },
  {
    name: "a failure that is said again after the check counts again",
    said: [FAIL, { at: 25, status: "fail" }],
    reports: [10],
    heard: [{ at: 20, status: "pass", by: "runner" }],
    stands: true,
  },
  {
    name: "a person who attests it afterwards takes it back",
    said: [FAIL],
    heard: [{ at: 6, status: "pass", by: "person" }],
    stands: false,
  },
  {
    name: "a person who attested it before does not",
    said: [FAIL],
    heard: [{ at: 4, status: "pass", by: "person" }],
    stands: true,
  },
  {
    name: "a person's word that has expired does not",
    said: [FAIL],
    heard: [{ at: 6, status: "pass", by: "person", validUntil: 40 }],
    stands: true,
  },
  {
    name: "what an agent answers as a check takes nothing back",
    said: [FAIL],
    reports: [10],
    heard: [{ at: 20, status: "pass", by: "agent" }],
    stands: true,
  },
];

function stateOf({ said, reports = [] }: Pick<Case, "said" | "reports">): RunState {
  const state = emptyState(plan);
  for (const { at: minute, status, role = "a" } of said) {
    const finding = { criterion: CRITERION, status };
    state.advice.push({ step: "readiness", role, text: `said ${status}`, at: at(minute), finding });
  }
  reports.forEach((minute, index) => {
    const report = readinessOf(emptyState(plan), index + 1, true, at(minute));
    state.readiness.set(`readiness/${index + 1}`, { full: true, report });
  });
  return state;
}

function heardOf({ heard = [] }: Case): Answer[] {
  return heard.map(({ at: minute, status, by, validUntil }) => ({
    criterion: CRITERION,
    check: "scan",
    status,
    text: "looked",
    by: { kind: by, name: "x" },
    at: at(minute),
    ...(validUntil === undefined ? {} : { validUntil: at(validUntil) }),
    accepted: [],
    evidence: [],
  }));
}

describe("an agent's failure is taken back by nobody who merely claims its role", () => {
  test.each(CASES)("$name", (one) => {
    const found = findings(stateOf(one), NOW, heardOf(one), NOW);
    expect(found.some(({ status }) => status === "fail")).toBe(one.stands);
  });

  test("what was taken back stays to be read, with what took it back", () => {
    const one: Case = { name: "", said: [FAIL], heard: [{ at: 6, status: "pass", by: "person" }], stands: false };
    const [found] = findings(stateOf(one), NOW, heardOf(one), NOW);
    expect(found).toMatchObject({ status: "unknown", text: `taken back by scan at ${at(6)}: said fail` });
  });
});
