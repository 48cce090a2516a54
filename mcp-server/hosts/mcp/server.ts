import type { Project } from "../../flow/project.ts";
import type { Ports } from "../../ports/index.ts";
import { confine } from "../../record/confine.ts";
import { redact } from "../../record/redact.ts";
import { TOOLS } from "../../tools/registry.ts";
import { PROGRAM_VERSION } from "../../tools/version.ts";
import { openLazily, toolIo } from "../io.ts";
import { callTool, listTool } from "./door.ts";
import { INSTRUCTIONS } from "./instructions.ts";
import { confirmAtHost } from "./person.ts";
import { listPrompts, promptText } from "./prompts.ts";
import type { ServerSide } from "./sdk.ts";

/**
 * The MCP side of a project. What an agent names stays inside the project folder. `asksHost`: a person may be asked by
 * way of the host; where that cannot be, `approve` answers with the command for one.
 */
export function mcpServer(o: { root: string; ports: Ports; asksHost: boolean }): ServerSide {
  const { ports, root } = o;
  let opened: Promise<Project> | undefined;
  const project = () => {
    opened ??= openLazily(root, ports);
    return opened;
  };
  return {
    name: "deploy",
    version: PROGRAM_VERSION,
    instructions: INSTRUCTIONS,
    tools: () => TOOLS.map(listTool),
    call: (name, args, context) =>
      callTool(
        TOOLS,
        name,
        args,
        toolIo({
          root,
          cwd: root,
          ports,
          signal: context.signal,
          progress: context.progress,
          actor: { kind: "agent", name: redact(context.clientName, 60) },
          interactive: false,
          readable: (path) => confine(ports.disk, root, path),
          ...(o.asksHost
            ? { confirm: (sentence, _statement, accepted) => confirmAtHost(context, accepted, sentence) }
            : {}),
        }),
      ),
    resources: async () => (await import("./resources.ts")).listResources(await project()),
    resourceTemplates: async () => (await import("./resources.ts")).RESOURCE_TEMPLATES,
    prompts: listPrompts,
    prompt: promptText,
    complete: async (argument, typed) => (await import("./completions.ts")).complete(await project(), argument, typed),
    read: async (uri) => (await import("./resources.ts")).readResource(await project(), uri),
  };
}
