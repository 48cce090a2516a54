import { z } from "zod";
import { Answers, Risk, RollbackTolerance, type RunParameters } from "../../flow/parameters.ts";
import { Strategy } from "../../flow/strategy/name.ts";
import { Duration, FlowError } from "../../vocab/index.ts";
import type { CommandIo } from "./command.ts";
import type { Terminal } from "./output.ts";

/** One question of a person's deployment; `read` gives undefined for an answer that it does not understand. */
interface Question {
  readonly key: keyof Answers;
  readonly text: string;
  readonly expected: string;
  readonly read: (typed: string) => Answers[keyof Answers] | undefined;
  /** A flag has answered it already. */
  readonly isSaid: (parameters: RunParameters) => boolean;
}

const QUESTIONS: readonly Question[] = [
  {
    key: "strategy",
    text: "Which deployment strategy? canary: users by degrees; blue-green: all at one moment; rolling: instance by instance",
    expected: "canary, blue-green or rolling",
    read: (typed) => Strategy.safeParse(typed.replace(/^blue ?green$/, "blue-green")).data,
    isSaid: ({ strategy }) => strategy !== undefined,
  },
  {
    key: "risk",
    text: "How risky is this release? low: routine; medium: new features; high: architecture changes",
    expected: "low, medium or high",
    read: (typed) => Risk.safeParse(typed).data,
    isSaid: ({ risk }) => risk !== undefined,
  },
  {
    key: "slo",
    text: "Which service levels must hold? The stricter of these and deploy.yaml counts",
    expected: "such as: error rate 0.1%, p99 500ms, availability 99.95%",
    read: readSlo,
    isSaid: () => false,
  },
  {
    key: "migrations",
    text: "Does a database migration or schema change come along?",
    expected: "yes or no",
    read: (typed) => (/^(?:y|yes)$/.test(typed) ? true : /^(?:n|no)$/.test(typed) ? false : undefined),
    isSaid: () => false,
  },
  {
    key: "rollbackTolerance",
    text: "How soon must users be back on the old version?",
    expected: "instant, 5m, 30m or another time",
    read: (typed) => RollbackTolerance.safeParse(timeOf(typed)).data,
    isSaid: () => false,
  },
  {
    key: "observe",
    text: "How long shall it be watched at full traffic before it counts as a success?",
    expected: "15m, 30m, 60m or another time",
    read: (typed) => Duration.safeParse(timeOf(typed)).data,
    isSaid: ({ observe }) => observe !== undefined,
  },
];

const ATTEMPTS = 3;

export const InteractiveFlag = z.boolean().default(false).describe("ask the six questions in this terminal first");

/** What was asked for, with what a person answers now where that is wished. */
export async function withAnswers<P extends RunParameters>(said: P, interactive: boolean, io: CommandIo): Promise<P> {
  return interactive ? { ...said, answers: await askQuestions(said, io.terminal, io.signal) } : said;
}

/** Asks the six questions, but for those that a flag or an answer has settled; an empty line leaves one open. */
async function askQuestions(parameters: RunParameters, terminal: Terminal, signal: AbortSignal): Promise<Answers> {
  if (!terminal.isTty) {
    throw new FlowError({
      code: "usage",
      what: "--interactive needs a terminal to ask in",
      expected: "a terminal",
      found: "input or output that is no terminal",
      next: 'give the same answers as data, such as --answers \'{"risk": "high", "observe": "60m"}\'',
    });
  }
  const given = parameters.answers ?? {};
  const open = QUESTIONS.filter(({ key, isSaid }) => given[key] === undefined && !isSaid(parameters));
  if (open.length > 0) terminal.err(`${open.length} questions; an empty answer leaves one open.\n`);
  const said: Record<string, unknown> = { ...given };
  for (const question of open) {
    const value = await answerTo(question, terminal, signal);
    if (value !== undefined) said[question.key] = value;
  }
  return Answers.parse(said);
}

async function answerTo(question: Question, terminal: Terminal, signal: AbortSignal): Promise<unknown> {
  for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
    const typed = await terminal.ask(`${question.text}\n  (${question.expected}) > `, signal);
    const plain = typed.trim().toLowerCase();
    if (plain === "") return undefined;
    const value = question.read(plain);
    if (value !== undefined) return value;
    terminal.err(`Not understood; expected ${question.expected}.\n`);
  }
  throw new FlowError({
    code: "usage",
    what: `the question about ${question.key} was not answered in ${ATTEMPTS} attempts`,
    expected: question.expected,
    next: "start again; an empty answer leaves a question open",
  });
}

/** `5 min` and `1 hour` as deploy.yaml writes them. */
function timeOf(typed: string): string {
  return typed
    .replace(/\s+/g, "")
    .replace(/(?:minutes?|mins?)$/, "m")
    .replace(/(?:hours?|hrs?)$/, "h")
    .replace(/(?:seconds?|secs?)$/, "s");
}

const NUMBER = "(\\d{1,6}(?:\\.\\d{1,6})?)";
const LEVELS = [
  { key: "errorRatePct", pattern: new RegExp(`^error(?: rate)?[ :<=]*${NUMBER} ?%$`) },
  { key: "latencyP99Ms", pattern: new RegExp(`^(?:(?:latency )?p99(?: latency)?|latency)[ :<=]*${NUMBER} ?ms$`) },
  { key: "availabilityPct", pattern: new RegExp(`^availability[ :>=]*${NUMBER} ?%$`) },
] as const;

/** Service levels as people write them; undefined when one part is none of them. */
function readSlo(typed: string): Answers["slo"] | undefined {
  const parts = typed.split(/[,;]| and /).map((part) => part.trim());
  const levels = parts.map((part) => {
    const level = LEVELS.find(({ pattern }) => pattern.test(part));
    return level && ([level.key, Number(level.pattern.exec(part)?.[1])] as const);
  });
  const known = levels.filter((level) => level !== undefined);
  if (known.length !== parts.length || new Set(known.map(([key]) => key)).size !== known.length) return undefined;
  return Answers.shape.slo.safeParse(Object.fromEntries(known)).data;
}
