import { spawnSync } from "node:child_process";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../../tools/folder.ts";

const GUARD = join(import.meta.dirname, "../../../dist/guard.mjs");
/** Tells on standard error what the process cost the processor, which other work on the machine hardly changes. */
const COUNTING = `process.on("exit", () => { const { user, system } = process.cpuUsage(); process.stderr.write(\`cpu \${(user + system) / 1000}\`); });`;

function cpuMs(words: readonly string[], cwd: string, input: string) {
  const counting = ["--import", `data:text/javascript,${encodeURIComponent(COUNTING)}`];
  const ran = spawnSync(process.execPath, [...counting, ...words], { cwd, input, encoding: "utf8" });
  expect(ran.status, ran.stderr).toBe(0);
  return { stdout: ran.stdout, spent: Number(/cpu ([\d.]+)/.exec(ran.stderr)?.[1] ?? Number.NaN) };
}

describe("the guard as the process that hosts start", () => {
  // Of its 100 ms most is the start of Node.js: what it adds is compared with that, as machines differ. The bench has both.
  it.each<[string, Record<string, string>, RegExp]>([
    ["holds back", { "deploy.yaml": "service: shop\n" }, /"deny"/],
    ["is silent where no deploy.yaml governs", {}, /^$/],
  ])("%s, for little more than the start of Node.js", (_name, files, said) => {
    const folder = folderWith(files);
    const tool_input = { command: "FOO=1 sh -c 'kubectl apply -f k8s'" };
    const event = JSON.stringify({ hook_event_name: "PreToolUse", tool_name: "Bash", tool_input, cwd: folder });
    const guard: number[] = [];
    const bare: number[] = [];
    for (let run = 0; run < 7; run += 1) {
      const { stdout, spent } = cpuMs([GUARD], folder, event);
      expect(stdout).toMatch(said);
      guard.push(spent);
      bare.push(cpuMs(["-e", ""], folder, "").spent);
    }
    expect(Math.min(...guard)).toBeLessThan(2.5 * Math.min(...bare));
  });
});
