import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { mcpSnippets } from "../../mcp-server/hosts/install/snippets.ts";
import type { Model } from "./model.ts";

/** Binary of the host under test; scripts/test-hosts.mjs installs it and says where. */
export const OPENCODE = process.env.DEPLOY_FLOW_OPENCODE ?? "";

/** A program that this host needs and would otherwise load from the network. */
const RIPGREP = process.env.DEPLOY_FLOW_RIPGREP ?? "";

/** Our tools as this host names them: the name of the server in front. */
export const OPENCODE_TOOLS = "deploy_";

/** A home folder of its own, in which `~/.agents/skills` was filled by the installed program. */
export interface OpencodeHome {
  readonly folder: string;
  /** One conversation; resolves to what the model said last. */
  say(project: string, prompt: string): Promise<string>;
  opencode(project: string, ...words: string[]): string;
  close(): void;
}

/** Makes a home: `install --host agents`, and the server told to the host as the advice of `install` says. */
export function makeOpencodeHome(program: string, model: Model): OpencodeHome {
  const folder = realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-opencode-")));
  const env = {
    HOME: folder,
    PATH: `${dirname(RIPGREP)}:${process.env.PATH ?? ""}`,
    TERM: "dumb",
    OPENCODE_DISABLE_AUTOUPDATE: "1",
  };
  execFileSync(process.execPath, [program, "install", "--host", "agents"], { env });
  const installed = join(folder, ".agents/skills/flow-deploy-to-production/dist/deploy-flow.mjs");
  const shown = mcpSnippets(installed).find(({ host }) => host === "opencode");
  const settings = {
    ...(JSON.parse(shown?.text ?? "{}") as object),
    model: "scripted/scripted",
    small_model: "scripted/scripted",
    autoupdate: false,
    share: "disabled",
    permission: "allow",
    provider: {
      scripted: {
        npm: "@ai-sdk/anthropic",
        options: { baseURL: `${model.url}/v1`, apiKey: "dummy-loopback-key" },
        models: { scripted: {} },
      },
    },
  };
  const file = join(folder, "opencode.json");
  writeFileSync(file, JSON.stringify(settings));
  const inProject = (cwd: string) => ({ cwd, env: { ...env, OPENCODE_CONFIG: file } });
  return {
    folder,
    opencode: (project, ...words) =>
      execFileSync(OPENCODE, words, { ...inProject(project), encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] }),
    say: (project, prompt) =>
      new Promise((resolve, reject) => {
        const child = spawn(OPENCODE, ["run", "--format", "json", prompt], {
          ...inProject(project),
          stdio: ["ignore", "pipe", "pipe"],
        });
        const out: Buffer[] = [];
        child.stdout.on("data", (chunk: Buffer) => out.push(chunk));
        child.stderr.on("data", (chunk: Buffer) => process.stderr.write(chunk));
        child.on("error", reject);
        child.on("close", () => resolve(lastText(Buffer.concat(out).toString("utf8"))));
      }),
    close: () => rmSync(folder, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }),
  };
}

function lastText(stream: string): string {
  const events = stream.split("\n").flatMap((line): { type?: string; part?: { text?: string } }[] => {
    try {
      return line === "" ? [] : [JSON.parse(line)];
    } catch {
      return [];
    }
  });
  return events.findLast(({ type }) => type === "text")?.part?.text ?? `nothing was said: ${stream.slice(-600)}`;
}
