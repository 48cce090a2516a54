import type { Asked, Block, Said, Script } from "./model.ts";

/** Prefix of our tools, by the way in which the skill was installed. */
export const PLUGIN_TOOLS = "mcp__plugin_flow-deploy-to-production_deploy__";
export const PLAIN_TOOLS = "mcp__deploy__";
const PLUGIN_AGENTS = "flow-deploy-to-production:";

/** What the scripted model does with the skill: the loop of SKILL.md, followed to the letter. */
export interface Loop {
  readonly tools: string;
  /** Name under which the skill is called. */
  readonly skill: string;
  readonly agentPrefix: "" | typeof PLUGIN_AGENTS;
  readonly start: Record<string, unknown>;
  /** Called with each answer of deploy-next; what it says is done instead of the loop. */
  readonly instead?: (data: Data, done: readonly string[]) => Said | undefined;
}

export interface Data {
  readonly state?: string;
  readonly outcome?: string;
  readonly runningVersion?: string;
  readonly planHash?: string;
  readonly announcement?: string;
  readonly message?: string;
  readonly briefs?: readonly { id: string; role: string; text: string }[];
}

/** Plays both sides of a host: the conversation, and each agent that it launches. */
export function playSkill(loop: Loop): Script {
  return (asked) => (isAgent(asked) ? agentSays(asked, loop) : conversationSays(asked, loop));
}

/** An agent's first words are its brief; a conversation's are the user's. */
function isAgent(asked: Asked): boolean {
  return /The deployment flow\s+hands you a brief/.test(asked.system);
}

function agentSays(asked: Asked, { tools }: Loop): Said {
  if (calls(asked).length > 0) return { text: "handed in one finding" };
  const brief = texts(asked).find((text) => text.includes("Hand in once")) ?? "";
  const path = /with path `([^`]+)`/.exec(brief)?.[1];
  const role = /You are the ([a-z-]+)/.exec(brief)?.[1] ?? "nobody";
  if (path === undefined) return { text: "there is no brief" };
  const findings = [{ severity: "info", text: `looked at by the ${role}`, where: "deploy.yaml:1" }];
  return { tools: [{ name: `${tools}artifact-write`, input: { path, kind: "findings", title: role, findings } }] };
}

function conversationSays(asked: Asked, loop: Loop): Said {
  const done = calls(asked).map(({ name = "" }) => name);
  if (!done.includes("Skill")) return { tools: [{ name: "Skill", input: { skill: loop.skill } }] };
  const next: Said = { tools: [{ name: `${loop.tools}deploy-next`, input: { wait: 20 } }] };
  if (!done.includes(`${loop.tools}deploy-start`)) {
    return { tools: [{ name: `${loop.tools}deploy-start`, input: loop.start }] };
  }
  const last = lastResult(asked);
  const data = dataOf(last);
  const instead = data && loop.instead?.(data, done);
  if (instead) return instead;
  const briefs = data?.briefs ?? [];
  if (briefs.length > 0) {
    return {
      tools: briefs.map(({ role, text }) => ({
        name: "Agent",
        input: { description: role, subagent_type: loop.agentPrefix + role, prompt: text, run_in_background: false },
      })),
    };
  }
  if (data?.state === "finished")
    return { text: `outcome ${data.outcome}; running ${data.runningVersion}\n${data.message ?? ""}` };
  if (last?.is_error) return { text: `error: ${resultText(last)}` };
  return next;
}

/** Calls that the model made so far, in their order. */
export function calls(asked: Asked): Block[] {
  return asked.blocks.filter(({ block }) => block.type === "tool_use").map(({ block }) => block);
}

function texts(asked: Asked): string[] {
  return asked.blocks.flatMap(({ block }) => (block.type === "text" ? [block.text ?? ""] : []));
}

function lastResult(asked: Asked): Block | undefined {
  return asked.blocks.findLast(({ block }) => block.type === "tool_result")?.block;
}

/** Text of a tool's result as the model sees it. */
export function resultText(block: Block): string {
  if (typeof block.content === "string") return block.content;
  return (Array.isArray(block.content) ? (block.content as Block[]) : []).map(({ text }) => text ?? "").join("\n");
}

function dataOf(block: Block | undefined): Data | undefined {
  try {
    return block && (JSON.parse(resultText(block)) as Data);
  } catch {
    return undefined;
  }
}
