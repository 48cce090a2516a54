import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { makeWorld, type World } from "../e2e/world.ts";
import { run } from "./process.ts";

let world: World;
const root = () => world.project.root;

beforeAll(async () => {
  world = await makeWorld({
    edits: [
      [["strategy"], undefined],
      [["waits", "rollbackTraffic"], undefined],
    ],
  });
});
afterAll(() => world.close());

interface Row {
  readonly name: string;
  readonly value: string;
  readonly source: string;
  readonly words: string | null;
}

interface Planned {
  readonly planHash: string;
  readonly plan: {
    readonly strategy: string;
    readonly understood: Row[];
    readonly stages: { weightPct: number; durationMs: number }[];
    readonly waits: { rollbackTrafficMs: number };
    readonly fixes: unknown;
  };
}

async function planned(...words: string[]): Promise<Planned> {
  const ended = await run(root(), ["plan", "2.0.0", "--format", "json", ...words]);
  expect(ended, ended.out + ended.err).toMatchObject({ code: 0 });
  return JSON.parse(ended.out) as Planned;
}

describe("a plan says what was understood", () => {
  it("recommends a strategy with its reasons where nobody names one", async () => {
    const ended = await run(root(), ["plan", "2.0.0"]);
    expect(ended.code).toBe(0);
    for (const part of [
      "Deployment strategy recommendation",
      "Recommended: canary",
      "Taken:       canary, because nobody names another",
      "- users meet the new version by degrees",
      "+ few users meet a fault before it is seen",
      "- takes the longest",
      "- room for up to 2 more instances beside the 2 that serve",
      "- monitoring: 800 ms at full traffic, by metrics, smoke checks and health",
      "- blue-green: 1 points against 4",
    ]) {
      expect(ended.out).toContain(part);
    }
  });

  it("takes guidance, and shows from which words", async () => {
    const { plan } = await planned("--guidance", "Zero-downtime critical, use blue-green strategy. Mind the cat.");
    expect(plan.strategy).toBe("blue-green");
    expect(plan.understood).toContainEqual({
      name: "strategy",
      value: "blue-green",
      source: "guidance",
      words: "use blue-green strategy",
    });
    expect(plan.understood.find(({ words }) => words === "Mind the cat")?.value).toMatch(/changes nothing/);
    const text = await run(root(), ["plan", "2.0.0", "--guidance", "avoid canary, extra monitoring"]);
    expect(text.out).toContain("- canary: the guidance asks to leave it out");
    expect(text.out).toContain('- observation: 1.6 s (guidance "extra monitoring")');
  });

  it("hashes what was said, so that other words are another plan", async () => {
    const plain = await planned();
    expect((await planned()).planHash).toBe(plain.planHash);
    expect((await planned("--guidance", "hello")).planHash).not.toBe(plain.planHash);
  });

  it("takes answers as data where no terminal is", async () => {
    const { plan } = await planned("--answers", '{"rollbackTolerance": "instant", "observe": "2s", "risk": "high"}');
    expect(plan.strategy).toBe("blue-green");
    expect(plan.waits.rollbackTrafficMs).toBeLessThanOrEqual(60_000);
    expect(plan.stages.at(-1)?.durationMs).toBe(2_000);
  });

  it("keeps the incident that a release ends, with the reason", async () => {
    const { plan } = await planned("--fixes", "INC-7", "--reason", "ends the outage");
    expect(plan.fixes).toEqual({ incident: "INC-7", reason: "ends the outage" });
  });

  it.each<[string[], RegExp]>([
    [["--strategy", "canary", "--guidance", "use blue-green"], /contradict[\s\S]*flag: canary; guidance: blue-green/],
    [["--risk", "low", "--answers", '{"risk":"high"}'], /flag: low; answer: high/],
    [["--regression-threshold", "5", "--guidance", "zero tolerance"], /flag: 5 %; guidance: 0 %/],
    [
      ["--strategy", "canary", "--answers", '{"rollbackTolerance":"instant"}'],
      /the strategy canary cannot be taken here/,
    ],
    [["--guidance", "canary with 90% → 100%"], /stages in the guidance cannot be used/],
    [["--answers", '{"colour":"red"}'], /--answers: /],
    [["--answers", "risky"], /--answers needs JSON/],
    [["--fixes", "INC-7"], /--fixes needs a reason/],
    [["--reason", "x"], /--reason belongs to --fixes/],
    [["--interactive"], /--interactive needs a terminal/],
    [["--rollback-on-regression", "--no-rollback-on-regression"], /contradict each other/],
  ])("refuses %j", async (words, says) => {
    const ended = await run(root(), ["plan", "2.0.0", ...words]);
    expect(ended).toMatchObject({ code: 64, out: "" });
    expect(ended.err).toMatch(says);
    expect(ended.err).toMatch(/\n {2}next /);
  });
});

describe("the six questions", () => {
  async function asked(typed: string[], ...words: string[]): Promise<{ code: number; out: string; prompts: string[] }> {
    const prompts: string[] = [];
    let out = "";
    const terminal = {
      isTty: true,
      colours: false,
      columns: 100,
      out: (text: string) => {
        out += text;
      },
      err: (text: string) => {
        out += text;
      },
      ask: async (prompt: string) => {
        prompts.push(prompt);
        return typed.shift() ?? "";
      },
    };
    const code = await runCommandLine({
      words: ["plan", "2.0.0", "--interactive", "--project", root(), ...words],
      cwd: root(),
      ports: realPorts(),
      terminal,
      signal: new AbortController().signal,
    });
    return { code, out, prompts };
  }

  it("are asked in their order, and asked again when an answer is not understood", async () => {
    const typed = [
      "blue green",
      "High",
      "error rate <0.05%, p99 < 300 ms, availability > 99.95%",
      "perhaps",
      "yes",
      "5 min",
      "2s",
    ];
    const { code, out, prompts } = await asked(typed);
    expect(code, out).toBe(0);
    expect(prompts).toHaveLength(7);
    expect(out).toContain("Not understood; expected yes or no.");
    for (const part of [
      "strategy: blue-green (answer)",
      "risk: high (answer)",
      "error rate target: at most 0.05 % (answer)",
      "latency p99 target: at most 300 ms (answer)",
      "migrations: included (answer)",
      "rollback tolerance: traffic back within 5 min 00 s (answer)",
      "observation: 2.0 s (answer)",
    ]) {
      expect(out).toContain(part);
    }
  });

  it("may be left open, and are left out where a flag has said it", async () => {
    const { code, prompts } = await asked([], "--strategy", "canary", "--risk", "low");
    expect(code).toBe(0);
    expect(prompts).toHaveLength(4);
  });

  it("end after three answers that say nothing", async () => {
    const { code, out } = await asked(["red", "green", "blue"]);
    expect(code).toBe(64);
    expect(out).toContain("was not answered in 3 attempts");
  });
});
