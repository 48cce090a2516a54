import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { BUNDLE, makeWorld, servingNow, type World } from "../e2e/world.ts";
import { type Asked, type Model, type Said, startModel } from "./model.ts";
import { makeOpencodeHome, OPENCODE_TOOLS, type OpencodeHome } from "./opencode.ts";
import { calls, resultText } from "./script.ts";
import { WIDE } from "./wide.ts";

const LIMIT_MS = 300_000;

/** A second host, by way of `~/.agents/skills`. It shows its model the text of a result and nothing else. */
let model: Model;
let world: World;
let home: OpencodeHome;
beforeAll(async () => {
  model = await startModel();
  world = await makeWorld({ edits: [...WIDE], seconds: 3_000 });
  home = makeOpencodeHome(BUNDLE, model);
}, LIMIT_MS);
afterAll(async () => {
  home.close();
  await world.close();
  await model.close();
});

function lastResult(asked: Asked): string {
  const block = asked.blocks.findLast(({ block: { type } }) => type === "tool_result")?.block;
  return block ? resultText(block) : "";
}

/** Takes up a skill by its name, then says what `then` says; requests without tools only want a title. */
function withSkill(name: string, then: (asked: Asked, done: readonly string[]) => Said): (asked: Asked) => Said {
  return (asked) => {
    const done = calls(asked).map((call) => call.name ?? "");
    if (asked.tools.length === 0) return { text: "a title" };
    if (!done.includes("skill")) return { tools: [{ name: "skill", input: { name } }] };
    const skill = asked.blocks.find(({ block: { type } }) => type === "tool_result")?.block;
    // What is followed has to have been read.
    if (skill && resultText(skill).includes(HEADINGS[name] ?? "?")) return then(asked, done);
    return { text: `the skill could not be read: ${skill ? resultText(skill) : ""}` };
  };
}

const HEADINGS: Record<string, string> = {
  "flow-deploy-to-production": "# Deploy to production",
  "regression-check": "# Compare two runs of tests",
};

describe("opencode, by ~/.agents/skills", () => {
  test(
    "lists the server and the three skills",
    () => {
      expect(home.opencode(world.project.root, "mcp", "list")).toMatch(/deploy .*connected/);
      const skills = JSON.parse(home.opencode(world.project.root, "debug", "skill")) as { name: string }[];
      expect(skills.map(({ name }) => name)).toEqual(
        expect.arrayContaining(["flow-deploy-to-production", "regression-check", "gate-check"]),
      );
    },
    LIMIT_MS,
  );

  test(
    "compares two runs of tests, and the verdict, the rate and the lost tests are in what the model reads",
    async () => {
      const input = { baseline: ["reports/1.9.0.xml"], candidate: ["reports/2.1.0.xml"], threshold: 5 };
      const tool = `${OPENCODE_TOOLS}regression-check`;
      model.play(
        withSkill("regression-check", (asked, done) =>
          done.includes(tool) ? { text: lastResult(asked) } : { tools: [{ name: tool, input }] },
        ),
      );
      const said = await home.say(world.project.root, "did we break tests between 1.9.0 and 2.1.0?");
      expect(said).toMatch(/FAIL/);
      expect(said).toContain("8.0 %");
      expect(said).toContain("10 x CHOC-DARK and 1 x BOOK-TEA come to 5361");
    },
    LIMIT_MS,
  );

  test(
    "carries a whole minimal run to SUCCESS by the skill's loop, without agents",
    async () => {
      const version = "2.0.0";
      model.play(
        withSkill("flow-deploy-to-production", (asked, done) => {
          const start = `${OPENCODE_TOOLS}deploy-start`;
          if (!done.includes(start)) return { tools: [{ name: start, input: { version, depth: "minimal" } }] };
          const text = lastResult(asked);
          return /^archive: /m.test(text)
            ? { text }
            : { tools: [{ name: `${OPENCODE_TOOLS}deploy-next`, input: { wait: 20 } }] };
        }),
      );
      const from = model.asked.length;
      const said = await home.say(world.project.root, `deploy ${version} to production`);
      expect(said).toContain(`SUCCESS; production runs ${version}`);
      expect(said).toMatch(/gate production .*PASS/);
      expect(said).toMatch(/^next: /m);
      const shares = (await servingNow(world.project)).filter(({ weightPct }) => weightPct > 0);
      expect(shares.map((pool) => pool.version)).toEqual([version]);
      const status = await world.ended();
      expect(status.outcome).toBe("SUCCESS");
      const read = model.asked.slice(from).flatMap(({ blocks }) => blocks.map(({ block }) => resultText(block)));
      expect(read.some((text) => text.includes("Hand in once"))).toBe(false);
      expect(status.archive?.startsWith(join(".aiwg", "archive"))).toBe(true);
    },
    LIMIT_MS,
  );
});
