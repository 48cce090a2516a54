import { realPorts } from "../ports/index.ts";
import { EXIT } from "../vocab/index.ts";
import { runCommandLine } from "./cli/main.ts";
import { processTerminal, writeError } from "./cli/output.ts";

/** A process that hangs on something after its work is done is ended after this time. */
const LINGER_MS = 1_000;

/** A detached runner ends at the first signal as if it crashed; whoever comes next starts it again and it goes on. */
const DETACHED = "runner";

/** Commands whose process may own a run: nothing but the end of the run or a signal to stop ends them. */
const OWNERS: ReadonlySet<string> = new Set(["run", DETACHED]);

/** What a shell reports for a process that a hang-up ended. */
const HANGUP = 129;

/** Entry of the program. The first SIGINT or SIGTERM asks to stop in good order, a second one ends at once. */
async function main(words: readonly string[]): Promise<void> {
  const terminal = processTerminal();
  const stop = new AbortController();
  if (words[0] !== DETACHED) {
    for (const signal of ["SIGINT", "SIGTERM"] as const) {
      process.on(signal, () => {
        if (stop.signal.aborted) process.exit(EXIT.interrupted);
        stop.abort();
      });
    }
  }
  // Node would end with 1, which is the code of a FAIL: nothing unforeseen may look like a verdict.
  for (const surprise of ["uncaughtException", "unhandledRejection"] as const) {
    process.on(surprise, (error: unknown) => process.exit(writeError(terminal, "text", error) && EXIT.internal));
  }
  const owns = words.some((word) => OWNERS.has(word));
  // A reader that goes away (`| head`) is no failure of ours, and no reason to leave a deployment alone.
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE" && error.code !== "EIO") throw error;
      if (!owns) process.exit(process.exitCode ?? EXIT.ok);
    });
  }
  // The terminal was closed: the deployment goes on without it.
  process.on("SIGHUP", () => {
    if (!owns) process.exit(HANGUP);
  });
  const code = await runCommandLine({ words, cwd: process.cwd(), ports: realPorts(), terminal, signal: stop.signal });
  process.exitCode = code;
  setTimeout(() => process.exit(code), LINGER_MS).unref();
}

await main(process.argv.slice(2));
