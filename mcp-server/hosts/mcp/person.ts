import type { ApprovalWay } from "../../flow/config.ts";
import type { Confirmation } from "../../tools/tool.ts";
import { FlowError } from "../../vocab/index.ts";
import { personName } from "../cli/person.ts";
import type { CallContext } from "./sdk.ts";

/**
 * Hosts that put every call of a person's tool before a person and let no setting answer it, with the oldest version
 * that does. Such a host denies the call by itself where nobody can be asked, so a call that arrives was confirmed.
 */
const PROMPTING_HOSTS: Record<string, readonly [number, number, number]> = { "claude-code": [2, 1, 199] };

/** Whether this host asks a person before each call of a tool that is a person's. */
export function promptsPerson(name: string, version: string): boolean {
  const oldest = Object.hasOwn(PROMPTING_HOSTS, name) ? PROMPTING_HOSTS[name] : undefined;
  const found = /^(\d+)\.(\d+)\.(\d+)/.exec(version)?.slice(1).map(Number);
  if (!oldest || !found) return false;
  const differs = oldest.findIndex((part, index) => part !== found[index]);
  return differs < 0 || (found[differs] ?? 0) > (oldest[differs] ?? 0);
}

/**
 * A person's yes by way of the host: its own prompt where the plan accepts that and the host is known to have one, else
 * a question of the protocol (elicitation) where the plan trusts the host with it. `undefined` when nobody could be
 * asked; throws FlowError `refused` when somebody was and did not say yes.
 */
export async function confirmAtHost(
  context: CallContext,
  accepted: readonly ApprovalWay[],
  sentence: string,
): Promise<Confirmation | undefined> {
  if (accepted.includes("host-prompt") && promptsPerson(context.clientName, context.clientVersion)) {
    return { way: "host-prompt", person: personName() };
  }
  if (!accepted.includes("elicitation") || !context.elicit) return undefined;
  if (await context.elicit(`You are about to ${sentence}.`)) return { way: "elicitation", person: personName() };
  throw new FlowError({
    code: "refused",
    what: "the person was asked by the host and did not say yes, so nothing was decided",
    next: "ask the user what they want; going back (deploy-decide) needs no answer",
  });
}
