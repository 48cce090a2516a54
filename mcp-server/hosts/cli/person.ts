import { userInfo } from "node:os";
import type { Ids } from "../../ports/index.ts";
import type { Confirmation } from "../../tools/tool.ts";
import { FlowError } from "../../vocab/index.ts";
import type { Terminal } from "./output.ts";

/** Name of the person at this machine, as the system knows it. */
export function personName(): string {
  try {
    return userInfo().username;
  } catch {
    return "unknown user";
  }
}

/**
 * Makes sure that a person at a terminal means it: a code that did not exist a moment ago has to be typed. What runs
 * commands without a terminal cannot, and is refused.
 */
export async function confirmAtTerminal(o: {
  sentence: string;
  terminal: Terminal;
  ids: Ids;
  signal: AbortSignal;
}): Promise<Confirmation> {
  const { terminal } = o;
  if (!terminal.isTty) {
    throw new FlowError({
      code: "refused",
      what: "only a person may decide this, and there is no terminal to ask one at",
      expected: "a terminal, or the plan's hash in --approve where deploy.yaml accepts the way `flag`",
      found: "input or output that is no terminal",
      next: "run the same command yourself in a terminal; in a protected CI job give --approve HASH to `deploy-flow run`",
    });
  }
  const code = `${o.ids.hex(2)}-${o.ids.hex(2)}`;
  terminal.err(`You are about to ${o.sentence}.\nThe code for this one decision is ${code}\n`);
  const typed = await terminal.ask("Type the code to confirm, anything else to leave it: ", o.signal);
  if (typed === code) return { way: "terminal", person: personName() };
  throw new FlowError({
    code: "refused",
    what: "the code was not typed, so nothing was decided",
    next: "run the command again when you are sure",
  });
}
