import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { personAtTerminal } from "../e2e/terminal.ts";
import { folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const LINE = (second: number) => ({
  runId: `dpl-20260131T12304${second}Z-abcdef`,
  version: "2.0.0",
  strategy: "canary",
  outcome: "ROLLED_BACK",
  startedAt: "2026-01-31T12:30:45.000Z",
  endedAt: "2026-01-31T12:50:45.000Z",
  durationMs: 1_200_000,
});

function project(): { folder: string; file: string } {
  const folder = folderWith({});
  mkdirSync(join(folder, ".aiwg/deployment"), { recursive: true });
  writeFileSync(join(folder, ".aiwg/deployment/history.jsonl"), "");
  for (const second of [4, 5])
    appendFileSync(join(folder, ".aiwg/deployment/history.jsonl"), `${JSON.stringify(LINE(second))}\n`);
  return { folder, file: join(folder, ".aiwg/deployment/incidents.jsonl") };
}

async function typed(folder: string, ...words: string[]) {
  const { terminal, shown } = personAtTerminal();
  const code = await runCommandLine({
    words: ["incident", ...words, "--project", folder],
    cwd: folder,
    ports: realPorts(),
    terminal,
    signal: new AbortController().signal,
  });
  return { code, said: shown.join("") };
}

test("a person names the incident of the last run, or of another, and history shows it", async () => {
  const { folder, file } = project();
  const last = await typed(folder, "INC-7");
  expect(last.code, last.said).toBe(0);
  expect(last.said).toContain(
    "You are about to name INC-7 as the incident of run dpl-20260131T123045Z-abcdef (version 2.0.0, ROLLED_BACK).",
  );
  const other = await typed(folder, "INC-8", "--run", LINE(4).runId);
  expect(other.code, other.said).toBe(0);
  const lines = readFileSync(file, "utf8").trim().split("\n");
  expect(lines.map((line) => JSON.parse(line).incident)).toEqual(["INC-7", "INC-8"]);
  const history = await run(folder, ["history", "--format", "json"]);
  const { entries } = JSON.parse(history.out) as { entries: { incident?: string }[] };
  expect(entries.map(({ incident }) => incident)).toEqual(["INC-8", "INC-7"]);
});

test.each<[string, string[], RegExp]>([
  ["a pipe", ["INC-7"], /only a person may decide this/],
  ["no id", [], /--id is required/],
  ["an id that is a sentence", ["the big one"], /expected the id of an incident/],
  ["a run that there was not", ["INC-7", "--run", "dpl-20200101T000000Z-aaaaaa"], /there is no such run/],
])("%s names nothing", async (_name, words, says) => {
  const { folder, file } = project();
  const ended = await run(folder, ["incident", ...words], { input: "y\n" });
  expect(ended).toMatchObject({ code: 64, out: "" });
  expect(ended.err).toMatch(says);
  expect(existsSync(file)).toBe(false);
});
