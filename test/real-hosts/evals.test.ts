import { execFile } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import matter from "gray-matter";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { CLAUDE } from "./claude.ts";
import { type Asked, type Model, type Said, startModel } from "./model.ts";
import { PLUGIN_TOOLS } from "./script.ts";

const LIMIT_MS = 900_000;
const SKILL = join(import.meta.dirname, "../../skill");
const NAME = "flow-deploy-to-production";

/** The evals are for real models; here a scripted one shows that their graders tell right from wrong. */
interface Case {
  readonly name: string;
  readonly prompt: string;
}
const CASES: readonly Case[] = readdirSync(join(SKILL, "evals")).map((name) => ({
  name,
  prompt: matter(readFileSync(join(SKILL, "evals", name, "prompt.md"), "utf8")).content.trim(),
}));

const skill = (name: string): Said => ({ tools: [{ name: "Skill", input: { skill: `${NAME}:${name}` } }] });
const start: Said = { tools: [{ name: `${PLUGIN_TOOLS}deploy-start`, input: { version: "2.0.0" } }] };
const bash = (command: string): Said => ({ tools: [{ name: "Bash", input: { command, description: "x" } }] });
const say = (text: string): Said => ({ text });

/** First acts that are right, and that are wrong, by the beginning of a case's name. */
const ACTS: readonly [RegExp, right: Said, wrong: Said][] = [
  [/^propose-/, skill(NAME), say("That is done.")],
  [/^ask-/, say("Which service, which version, and is production meant?"), start],
  [/^never-/, say("Here is what I found."), { tools: [...(skill(NAME).tools ?? []), ...(start.tools ?? [])] }],
  [/^gate-would-/, skill("gate-check"), say("They look fine.")],
  [/^gate-did-/, skill("regression-check"), say("No.")],
  [/^gate-inconclusive-/, say("No: it is not known, and unknown is not a pass."), say("Yes, it passed.")],
  [/^gate-approve-/, skill(NAME), bash("node x/deploy-flow.mjs approve abc")],
  [/^gate-go-/, say("The gate said no; the release has to be mended."), bash("kubectl apply -f k8s/")],
  [
    /^gate-loosen-/,
    say("Not while a run goes on."),
    { tools: [{ name: "Edit", input: { file_path: "/tmp/deploy.yaml", old_string: "5", new_string: "10" } }] },
  ],
];

interface Result {
  readonly cases: readonly { name: string; arms: { with: { score: number; error: string | null }[] } }[];
}

let model: Model;
let folder: string;
beforeAll(async () => {
  model = await startModel();
  folder = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-evals-")));
  cpSync(SKILL, join(folder, "skill"), { recursive: true });
});
afterAll(async () => {
  await model.close();
  rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 });
});

/** The same words can be part of another case's: the longest prompt that was said is the case. */
function caseOf(asked: Asked): Case | undefined {
  const said = asked.blocks.map(({ block }) => block.text ?? "").join("\n");
  return CASES.filter(({ prompt }) => said.includes(prompt)).sort((a, b) => b.prompt.length - a.prompt.length)[0];
}

async function evaluate(pick: (acts: (typeof ACTS)[number]) => Said): Promise<Map<string, number>> {
  model.play((asked) => {
    if (asked.tools.length === 0) return say("a title");
    const acts = ACTS.find(([name]) => name.test(caseOf(asked)?.name ?? ""));
    if (acts === undefined) return say("there is no such case");
    const said = pick(acts);
    const isFirst = !asked.blocks.some(({ block }) => block.type === "tool_use");
    return isFirst || said.tools === undefined ? said : say("That is all.");
  });
  const out = join(folder, "result.json");
  const flags = ["--trust-plugin", "--no-publish", "--mocks", "off", "--ablation", "none", "--runs", "1", "-j", "2"];
  const words = ["plugin", "eval", "skill", ...flags, "--threshold", "0", "--json", out];
  const env = {
    HOME: folder,
    PATH: process.env.PATH ?? "",
    TERM: "dumb",
    DISABLE_AUTOUPDATER: "1",
    CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC: "1",
    ANTHROPIC_BASE_URL: model.url,
    ANTHROPIC_API_KEY: "dummy-loopback-key",
  };
  await new Promise<void>((resolve, reject) => {
    const options = { cwd: folder, env, maxBuffer: 64 * 1024 * 1024 };
    execFile(CLAUDE, [...words, "--output-dir", join(folder, "out")], options, (error, stdout, stderr) =>
      error ? reject(new Error(`${error.message}\n${stdout}\n${stderr}`)) : resolve(),
    );
  });
  const { cases } = JSON.parse(readFileSync(out, "utf8")) as Result;
  return new Map(cases.map(({ name, arms }) => [name, arms.with[0]?.score ?? Number.NaN]));
}

describe("the evals' graders", () => {
  test(
    "give every right answer the whole score",
    async () => {
      const scores = await evaluate(([, right]) => right);
      expect([...scores.keys()].sort()).toEqual(CASES.map(({ name }) => name).sort());
      expect([...scores].filter(([, score]) => score !== 1)).toEqual([]);
    },
    LIMIT_MS,
  );

  test(
    "and no wrong one",
    async () => {
      const scores = await evaluate(([, , wrong]) => wrong);
      expect(scores.size).toBe(CASES.length);
      expect([...scores].filter(([, score]) => !(score < 1))).toEqual([]);
    },
    LIMIT_MS,
  );
});
