import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { countTokens } from "gpt-tokenizer/encoding/o200k_base";
import { report } from "./report.ts";

const BUNDLE = join(process.cwd(), "dist/deploy-flow.mjs");
const GUARD = join(process.cwd(), "dist/guard.mjs");

interface Message {
  readonly id?: number;
  readonly result?: Record<string, unknown>;
}

/** A server on an empty project, and how long it took to its first answer. */
async function open(root: string) {
  const started = performance.now();
  const child = spawn(process.execPath, [BUNDLE, "serve", "--project", root], { stdio: ["pipe", "pipe", "inherit"] });
  const waiting = new Map<number, (message: Message) => void>();
  createInterface({ input: child.stdout }).on("line", (line) => {
    const message = JSON.parse(line) as Message;
    if (message.id !== undefined) waiting.get(message.id)?.(message);
  });
  let last = 0;
  const send = (method: string, params: unknown) => {
    last += 1;
    const id = last;
    const answer = new Promise<Message>((resolve) => waiting.set(id, resolve));
    child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", id, method, params })}\n`);
    return answer;
  };
  const clientInfo = { name: "bench", version: "1" };
  const first = await send("initialize", { protocolVersion: "2025-06-18", capabilities: {}, clientInfo });
  const startMs = performance.now() - started;
  child.stdin.write(`${JSON.stringify({ jsonrpc: "2.0", method: "notifications/initialized" })}\n`);
  return { child, send, first, startMs };
}

function median(values: number[]): number {
  return values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN;
}

const root = mkdtempSync(join(tmpdir(), "deploy-flow-bench-"));
try {
  const starts: number[] = [];
  for (let run = 0; run < 7; run += 1) {
    const server = await open(root);
    starts.push(server.startMs);
    server.child.kill("SIGKILL");
  }
  report({ what: "server: start to first answer, bundled", value: median(starts), unit: "ms", budget: 200 });

  const server = await open(root);
  const calls: number[] = [];
  for (let call = 0; call < 60; call += 1) {
    const started = performance.now();
    await server.send("tools/call", { name: "deploy-next", arguments: {} });
    if (call >= 10) calls.push(performance.now() - started);
  }
  report({ what: "server: one call of deploy-next without a run", value: median(calls), unit: "ms", budget: 5 });

  const list = await server.send("tools/list", {});
  const tools = (list.result?.tools ?? []) as { name: string; description: string; inputSchema: unknown }[];
  // Hosts put name, description and input schema before the model; output schemas stay on the wire.
  const visible = tools.map(({ name, description, inputSchema }) => ({ name, description, inputSchema }));
  report({ what: "tool list", value: countTokens(JSON.stringify(visible)), unit: "o200k tokens", budget: 2_200 });
  const instructions = String(server.first.result?.instructions ?? "");
  report({ what: "server instructions", value: countTokens(instructions), unit: "o200k tokens", budget: 400 });
  server.child.kill("SIGKILL");

  writeFileSync(join(root, "deploy.yaml"), "service: shop\n");
  const tool_input = { command: "FOO=1 sh -c 'kubectl apply -f k8s'" };
  const event = { hook_event_name: "PreToolUse", tool_name: "Bash", tool_input, cwd: root };
  const asked: number[] = [];
  for (let call = 0; call < 9; call += 1) {
    const started = performance.now();
    const said = spawnSync(process.execPath, [GUARD], { cwd: root, input: JSON.stringify(event), encoding: "utf8" });
    asked.push(performance.now() - started);
    if (!said.stdout.includes('"deny"')) throw new Error(`the guard let it pass: ${said.stderr}`);
  }
  report({ what: "guard: one command held back, as a process", value: median(asked), unit: "ms", budget: 100 });
} finally {
  rmSync(root, { recursive: true, force: true });
}
