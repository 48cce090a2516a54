import { realPorts } from "../ports/index.ts";
import { EXIT } from "../vocab/index.ts";
import { runCommandLine } from "./cli/main.ts";
import { processTerminal, writeError } from "./cli/output.ts";

/** A process that hangs on something after its work is done is ended after this time. */
const LINGER_MS = 1_000;

/** A detached runner ends at the first signal as if it crashed; whoever comes next starts it again and it goes on. */
const DETACHED = "runner";

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
  // A reader that goes away (`| head`) is no failure of ours.
  process.stdout.on("error", (error: NodeJS.ErrnoException) => {
    if (error.code !== "EPIPE") throw error;
    process.exit(process.exitCode ?? EXIT.ok);
  });
  const code = await runCommandLine({ words, cwd: process.cwd(), ports: realPorts(), terminal, signal: stop.signal });
  process.exitCode = code;
  setTimeout(() => process.exit(code), LINGER_MS).unref();
}

await main(process.argv.slice(2));
