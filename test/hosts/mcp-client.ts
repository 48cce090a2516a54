// The only test file that knows the MCP SDK: a real client, in memory or over the standard streams of a real process.
import { Client } from "@modelcontextprotocol/sdk/client/index.js";
import { StdioClientTransport } from "@modelcontextprotocol/sdk/client/stdio.js";
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js";
import { InMemoryTransport } from "@modelcontextprotocol/sdk/inMemory.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import { ElicitRequestSchema } from "@modelcontextprotocol/sdk/types.js";
import { connect, type ServerSide } from "../../mcp-server/hosts/mcp/sdk.ts";

/** What a test sees of a call. */
export interface Seen {
  readonly text: string;
  readonly data: Record<string, unknown> | undefined;
  readonly isError: boolean;
  readonly progress: { progress: number; total?: number | undefined; message?: string | undefined }[];
}

export interface McpClient {
  readonly client: Client;
  call(name: string, args?: Record<string, unknown>): Promise<Seen>;
  close(): Promise<void>;
}

/** A client of a server in this process. It checks each result against the listed output schema, as real hosts do. */
export async function inMemory(side: ServerSide): Promise<McpClient> {
  const [theirs, ours] = InMemoryTransport.createLinkedPair();
  const server = await connect(side, theirs);
  const client = new Client({ name: "test client", version: "1.0.0" });
  await client.connect(ours);
  return wrap(client, () => server.close());
}

/** A client of a server process; `args` follow the node program. */
export async function overStdio(o: {
  program: string;
  args: string[];
  cwd: string;
  /** What the host calls itself. */
  host?: { name: string; version: string };
  /** How its user answers a question of the server; a host without has no such questions. */
  elicited?: () => Record<string, unknown>;
}): Promise<McpClient & { stderr: () => string }> {
  const transport = new StdioClientTransport({
    command: process.execPath,
    args: [o.program, ...o.args],
    cwd: o.cwd,
    stderr: "pipe",
  });
  let stderr = "";
  transport.stderr?.on("data", (chunk: Buffer) => {
    stderr += chunk.toString("utf8");
  });
  const client = new Client(o.host ?? { name: "test client", version: "1.0.0" }, {
    capabilities: o.elicited ? { elicitation: {} } : {},
  });
  const { elicited } = o;
  if (elicited) client.setRequestHandler(ElicitRequestSchema, () => elicited());
  await client.connect(transport);
  return { ...wrap(client, async () => {}), stderr: () => stderr };
}

/** A client of a server that listens. */
export async function overHttp(o: { url: string; token: string }): Promise<McpClient> {
  const transport = new StreamableHTTPClientTransport(new URL(o.url), {
    requestInit: { headers: { authorization: `Bearer ${o.token}` } },
  });
  const client = new Client({ name: "test client", version: "1.0.0" });
  await client.connect(transport as Transport);
  return wrap(client, async () => {});
}

function wrap(client: Client, after: () => Promise<void>): McpClient {
  return {
    client,
    call: async (name, args = {}) => {
      const progress: Seen["progress"] = [];
      await client.listTools();
      const result = await client.callTool({ name, arguments: args }, undefined, {
        onprogress: (note) => progress.push(note),
      });
      const content = result.content as { type: string; text: string }[];
      return {
        text: content.map((part) => part.text).join("\n"),
        data: result.structuredContent as Record<string, unknown> | undefined,
        isError: result.isError === true,
        progress,
      };
    },
    close: async () => {
      await client.close();
      await after();
    },
  };
}
