import { listTool } from "../mcp-server/hosts/mcp/door.ts";
import { INSTRUCTIONS } from "../mcp-server/hosts/mcp/instructions.ts";
import { TOOLS } from "../mcp-server/tools/registry.ts";

/** What a model sees of the server before it calls anything: each tool's name, description and input. */
export const LISTED = TOOLS.map((tool) => {
  const { name, description, inputSchema } = listTool(tool);
  return { name, text: JSON.stringify({ name, description, inputSchema }) };
});

export { INSTRUCTIONS };
