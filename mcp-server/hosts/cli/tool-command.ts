import { resolve } from "node:path";
import { z } from "zod";
import { Role } from "../../flow/roles.ts";
import type { Tool } from "../../tools/tool.ts";
import { EXIT, Sha256 } from "../../vocab/index.ts";
import { toolIo } from "../io.ts";
import { type Command, type CommandIo, defineCommand } from "./command.ts";
import { usage } from "./flags.ts";
import { writeResult } from "./output.ts";
import { confirmAtTerminal, personName } from "./person.ts";

/** The flags with which a person shows who decides: only commands have them, tools of agents do not. */
const PersonFlags = z.object({
  approve: Sha256.optional().describe("the plan hash that a person approved, where no terminal is (CI)"),
  signWith: z.string().min(1).optional().describe("sign the decision with this SSH key"),
  identity: z.string().min(1).max(200).optional().describe("your name in the allowed signers file; needed to sign"),
  role: Role.optional().describe("sign the plan off as this, where deploy.yaml names you so"),
});
type PersonFlags = z.output<typeof PersonFlags>;

/** What a command has besides its tool: flags of its own, and what is done with them once the result is written. */
export interface OnlyHere {
  readonly flags: z.ZodObject;
  after(result: unknown, flags: Record<string, unknown>, io: CommandIo): Promise<void>;
}

/** The command of a tool: same name, arguments, result and verdict. */
export function toolCommand(tool: Tool, more?: OnlyHere): Command {
  const signing = tool.person ? tool.input.extend(PersonFlags.shape) : tool.input;
  const input = more ? signing.extend(more.flags.shape) : signing;
  return defineCommand({
    name: tool.name,
    summary: tool.description,
    title: tool.title,
    input,
    positionals: tool.positionals ?? [],
    run: async (args, io) => {
      const flags = PersonFlags.parse(args);
      refuseHalfSigned(flags);
      const own = withApproved(args, flags.approve);
      const out = tool.output.parse(await tool.run(tool.input.parse(own), cliIo(io, flags)));
      writeResult(io.terminal, io.format, out, tool.text(out));
      await more?.after(out, only(args, more.flags), io);
      return tool.exit?.(out) ?? EXIT.ok;
    },
  });
}

function only(args: Record<string, unknown>, flags: z.ZodObject): Record<string, unknown> {
  return Object.fromEntries(Object.entries(args).filter(([key]) => key in flags.shape));
}

/** The hash in --approve is the plan that is meant; another one beside it is a mistake. */
function withApproved(args: Record<string, unknown>, approved: Sha256 | undefined): Record<string, unknown> {
  const { approve: _approve, signWith: _key, identity: _name, role: _role, ...own } = args;
  if (approved === undefined) return own;
  if (own.planHash !== undefined && own.planHash !== approved)
    throw usage("two different plan hashes are given", "approve");
  return { ...own, planHash: approved };
}

function refuseHalfSigned({ signWith, identity, approve }: PersonFlags): void {
  if ((signWith === undefined) !== (identity === undefined))
    throw usage("--sign-with and --identity go together", "approve");
  if (signWith !== undefined && approve !== undefined)
    throw usage("--sign-with and --approve are two ways; give one", "approve");
}

function cliIo(io: CommandIo, { approve, signWith, identity, role }: PersonFlags) {
  const { terminal, ports, signal } = io;
  return toolIo({
    root: io.root,
    cwd: io.cwd,
    ports,
    signal,
    actor: { kind: terminal.isTty ? "person" : "client", name: personName() },
    interactive: terminal.isTty,
    ...(role === undefined ? {} : { role }),
    readable: (path) => resolve(io.cwd, path),
    progress: (done, total, text) => {
      if (terminal.isTty && io.format === "text") terminal.err(`${total ? `${done}/${total} ` : ""}${text}\n`);
    },
    confirm: async (sentence, statement) => {
      if (approve !== undefined) return { way: "flag", person: personName() };
      if (signWith === undefined || identity === undefined)
        return confirmAtTerminal({ sentence, terminal, ids: ports.ids, signal });
      const { signDecision } = await import("./sign.ts");
      const key = resolve(io.cwd, signWith);
      return signDecision({ statement, key, person: identity, root: io.root, ports, terminal, signal });
    },
  });
}
