import { readFileSync } from "node:fs";
import { join } from "node:path";
import { encode } from "gpt-tokenizer/encoding/o200k_base";
import { type McpClient, overStdio, type Seen } from "../hosts/mcp-client.ts";
import { BUNDLE, type World } from "./world.ts";

const ROOT = join(import.meta.dirname, "../..");

/** What models read in one whole deployment, in o200k tokens. */
export interface Reading {
  readonly outcome: string;
  /** Calls of the conversation that drives the run. */
  readonly calls: number;
  readonly agents: number;
  /** The skill, the texts of the server that are always there, and every result as data. */
  readonly conversation: number;
  /** The same where the host shows results as text. */
  readonly conversationAsText: number;
  /** All agents together: their own file, their brief, and the answer to what they handed in. */
  readonly inAgents: number;
  /** One look at a watch that brings nothing new. */
  readonly quietLook: number;
}

interface Brief {
  readonly id: string;
  readonly role: string;
  readonly text: string;
}

const count = (text: string) => encode(text).length;
const countFile = (path: string) => count(readFileSync(join(ROOT, path), "utf8"));
const asData = (seen: Seen) => count(seen.isError ? seen.text : JSON.stringify(seen.data));

/** Drives a run as SKILL.md says, to the letter, and counts what is read on the way. */
export async function readRun(world: World, start: Record<string, unknown>): Promise<Reading> {
  const { root } = world.project;
  const agent = await overStdio({ program: BUNDLE, args: ["serve", "--project", root], cwd: root });
  const before = countFile("skill/SKILL.md") + count(agent.client.getInstructions() ?? "");
  const seen: Seen[] = [await agent.call("deploy-start", start)];
  let agents = 0;
  let inAgents = 0;
  for (let isOver = false; !isOver; ) {
    const next = await agent.call("deploy-next", { wait: 50 });
    if (next.isError) throw new Error(next.text);
    seen.push(next);
    const briefs = (next.data?.briefs ?? []) as Brief[];
    for (const brief of briefs) inAgents += await workThrough(agent, brief);
    agents += briefs.length;
    isOver = next.data?.archive !== undefined && briefs.length === 0;
  }
  await agent.close();
  const total = (one: (seen: Seen) => number) => seen.reduce((sum, result) => sum + one(result), before);
  const quiet = seen.filter(({ data }) => data?.state === "running" && data.message === undefined).map(asData);
  return {
    outcome: String(seen.at(-1)?.data?.outcome),
    calls: seen.length,
    agents,
    conversation: total(asData),
    conversationAsText: total(({ text }) => count(text)),
    inAgents,
    quietLook: Math.max(0, ...quiet),
  };
}

async function workThrough(agent: McpClient, { role, text }: Brief): Promise<number> {
  const path = /with path `([^`]+)`/.exec(text)?.[1];
  const findings = [{ severity: "info", text: `looked at by the ${role}`, where: "deploy.yaml:1" }];
  const handedIn = await agent.call("artifact-write", { path, kind: "findings", title: role, findings });
  if (handedIn.isError) throw new Error(handedIn.text);
  return countFile(`skill/agents/${role}.md`) + count(text) + asData(handedIn);
}
