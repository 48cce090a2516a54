import { realDisk } from "../../ports/disk.ts";
import { answer, denialJson } from "./answer.ts";

/**
 * The guard of an agent host: a PreToolUse hook. It reads the tool call from standard input and answers with a denial,
 * or with nothing. Every failure of its own blocks the call: a guard that cannot look lets nothing through.
 */
const BLOCK = 2;

async function main(): Promise<void> {
  try {
    const chunks: Buffer[] = [];
    for await (const chunk of process.stdin) chunks.push(chunk as Buffer);
    const denial = await answer(Buffer.concat(chunks).toString("utf8"), realDisk, process.cwd());
    if (denial) process.stdout.write(`${denialJson(denial)}\n`);
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    process.stderr.write(`deploy-flow guard: the call could not be looked at, so it is held back: ${why}\n`);
    process.exitCode = BLOCK;
  }
}

await main();
