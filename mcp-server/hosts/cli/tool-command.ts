import { resolve } from "node:path";
import type { Tool } from "../../tools/tool.ts";
import { EXIT, Sha256 } from "../../vocab/index.ts";
import { toolIo } from "../io.ts";
import { type Command, type CommandIo, defineCommand } from "./command.ts";
import { usage } from "./flags.ts";
import { writeResult } from "./output.ts";
import { confirmAtTerminal, personName } from "./person.ts";

/** The flag with which a protected job shows that a person approved: only commands have it, tools of agents do not. */
const ApproveFlag = Sha256.optional().describe("the plan hash that a person approved, where no terminal is (CI)");

/** The command of a tool: same name, arguments, result and verdict. */
export function toolCommand(tool: Tool): Command {
  const input = tool.person ? tool.input.extend({ approve: ApproveFlag }) : tool.input;
  return defineCommand({
    name: tool.name,
    summary: tool.description,
    title: tool.title,
    input,
    positionals: tool.positionals ?? [],
    run: async (args, io) => {
      const approved = Sha256.safeParse(args.approve).data;
      const out = tool.output.parse(
        await tool.run(tool.input.parse(withApproved(args, approved)), cliIo(io, approved)),
      );
      writeResult(io.terminal, io.format, out, tool.text(out));
      return tool.exit?.(out) ?? EXIT.ok;
    },
  });
}

/** The hash in --approve is the plan that is meant; another one beside it is a mistake. */
function withApproved(args: Record<string, unknown>, approved: Sha256 | undefined): Record<string, unknown> {
  const { approve: _flag, ...own } = args;
  if (approved === undefined) return own;
  if (own.planHash !== undefined && own.planHash !== approved)
    throw usage("two different plan hashes are given", "approve");
  return { ...own, planHash: approved };
}

function cliIo(io: CommandIo, approved: Sha256 | undefined) {
  const { terminal, ports, signal } = io;
  return toolIo({
    root: io.root,
    cwd: io.cwd,
    ports,
    signal,
    actor: { kind: terminal.isTty ? "person" : "client", name: personName() },
    interactive: terminal.isTty,
    readable: (path) => resolve(io.cwd, path),
    progress: (done, total, text) => {
      if (terminal.isTty && io.format === "text") terminal.err(`${total ? `${done}/${total} ` : ""}${text}\n`);
    },
    confirm: async (sentence) =>
      approved === undefined
        ? confirmAtTerminal({ sentence, terminal, ids: ports.ids, signal })
        : { way: "flag", person: personName() },
  });
}
