// The only file that knows the MCP SDK: the move to another version of it is a change of this file.
import { Server } from "@modelcontextprotocol/sdk/server/index.js";
import { StdioServerTransport } from "@modelcontextprotocol/sdk/server/stdio.js";
import type { Transport } from "@modelcontextprotocol/sdk/shared/transport.js";
import {
  CallToolRequestSchema,
  CompleteRequestSchema,
  ErrorCode,
  GetPromptRequestSchema,
  ListPromptsRequestSchema,
  ListResourcesRequestSchema,
  ListResourceTemplatesRequestSchema,
  ListToolsRequestSchema,
  McpError,
  ReadResourceRequestSchema,
} from "@modelcontextprotocol/sdk/types.js";
import type { jsonSchemaValidator } from "@modelcontextprotocol/sdk/validation/types.js";
import { z } from "zod";
import type { IncomingMessage, ServerResponse } from "../../ports/index.ts";
import { FlowError } from "../../vocab/index.ts";
import type { Answer, ListedTool } from "./door.ts";
import type { ListedPrompt } from "./prompts.ts";
import type { ListedResource, ResourceText } from "./resources.ts";

/** What a call brings besides its arguments. */
export interface CallContext {
  readonly signal: AbortSignal;
  /** Name and version that the host gave itself. */
  readonly clientName: string;
  readonly clientVersion: string;
  /** Puts a sentence to the user by way of the host; absent where the host cannot. True for a plain yes only. */
  readonly elicit?: (message: string) => Promise<boolean>;
  progress(done: number, total: number | undefined, text: string): void;
}

/** The server as the SDK sees it: everything else about a tool or resource is decided elsewhere. */
export interface ServerSide {
  readonly name: string;
  readonly version: string;
  readonly instructions: string;
  tools(): ListedTool[];
  call(name: string, args: unknown, context: CallContext): Promise<Answer>;
  resources(): Promise<ListedResource[]>;
  resourceTemplates(): Promise<readonly { uriTemplate: string; name: string; description: string; mimeType: string }[]>;
  read(uri: string): Promise<ResourceText>;
  prompts(): readonly ListedPrompt[];
  prompt(name: string, args: Readonly<Record<string, string>>): string;
  /** Values of an argument that begin with what was typed. */
  complete(argument: string, typed: string): Promise<string[]>;
}

/** JSON-RPC code of the protocol for a resource that is not there. */
const RESOURCE_NOT_FOUND = -32002;

/** Answers one client over a transport until either side closes. */
export async function connect(side: ServerSide, transport: Transport): Promise<Server> {
  const server = new Server(
    { name: side.name, version: side.version },
    {
      capabilities: { tools: {}, resources: {}, prompts: {}, completions: {} },
      instructions: side.instructions,
      jsonSchemaValidator: YES_OR_NO,
    },
  );
  server.setRequestHandler(ListToolsRequestSchema, () => ({ tools: side.tools().map(asListed) }));
  server.setRequestHandler(CallToolRequestSchema, async (request, extra) => {
    const token = request.params._meta?.progressToken;
    const say = (progress: number, total: number | undefined, message: string) =>
      token === undefined
        ? Promise.resolve()
        : extra.sendNotification({
            method: "notifications/progress",
            params: { progressToken: token, progress, message, ...(total === undefined ? {} : { total }) },
          });
    const answer = await side.call(request.params.name, request.params.arguments, {
      signal: extra.signal,
      clientName: server.getClientVersion()?.name ?? "unknown client",
      clientVersion: server.getClientVersion()?.version ?? "",
      ...(server.getClientCapabilities()?.elicitation ? { elicit: eliciting(server, extra.signal) } : {}),
      progress: rising(say),
    });
    return { ...answer };
  });
  server.setRequestHandler(ListResourcesRequestSchema, async () => ({
    resources: (await side.resources()).map((one) => ({ ...one })),
  }));
  server.setRequestHandler(ListResourceTemplatesRequestSchema, async () => ({
    resourceTemplates: (await side.resourceTemplates()).map((one) => ({ ...one })),
  }));
  server.setRequestHandler(ReadResourceRequestSchema, async (request) => {
    try {
      return { contents: [{ ...(await side.read(request.params.uri)) }] };
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      throw new McpError(error.code === "unreadable" ? RESOURCE_NOT_FOUND : ErrorCode.InvalidParams, error.message);
    }
  });
  server.setRequestHandler(ListPromptsRequestSchema, () => ({
    prompts: side.prompts().map((one) => ({ ...one, arguments: one.arguments.map((argument) => ({ ...argument })) })),
  }));
  server.setRequestHandler(GetPromptRequestSchema, ({ params }) => {
    try {
      const text = side.prompt(params.name, params.arguments ?? {});
      return { messages: [{ role: "user" as const, content: { type: "text" as const, text } }] };
    } catch (error) {
      if (!(error instanceof FlowError)) throw error;
      throw new McpError(ErrorCode.InvalidParams, error.message);
    }
  });
  server.setRequestHandler(CompleteRequestSchema, async ({ params }) => {
    const values = await side.complete(params.argument.name, params.argument.value);
    return { completion: { values, total: values.length, hasMore: false } };
  });
  await server.connect(transport);
  return server;
}

/** The transport over this process's standard input and output. */
export function standardStreams(): Transport {
  return new StdioServerTransport();
}

/** One client over streamable HTTP. */
export interface Session {
  handle(request: IncomingMessage, response: ServerResponse): Promise<void>;
  close(): Promise<void>;
}

/** A session of its own for one client; it has an id once the client has initialized it. */
export async function httpSession(
  side: ServerSide,
  o: { newId: () => string; maxBodyBytes: number; onOpened: (id: string) => void; onEnded: (id: string) => void },
): Promise<Session> {
  // Loaded only for this door: the other one has to start within its budget.
  const { StreamableHTTPServerTransport } = await import("@modelcontextprotocol/sdk/server/streamableHttp.js");
  const transport = new StreamableHTTPServerTransport({
    sessionIdGenerator: o.newId,
    onsessioninitialized: o.onOpened,
    onsessionclosed: o.onEnded,
    maxRequestBodySize: o.maxBodyBytes,
  });
  const server = await connect(side, transport as Transport);
  return {
    handle: (request, response) => transport.handleRequest(request, response),
    close: () => server.close(),
  };
}

function asListed(tool: ListedTool) {
  const { inputSchema, outputSchema, ...rest } = tool;
  return {
    ...rest,
    inputSchema: { ...inputSchema, type: "object" as const },
    outputSchema: { ...outputSchema, type: "object" as const },
  };
}

/** A person may take this long to answer a question of the host. */
const ELICIT_MS = 55_000;

const YesOrNo = z.object({ yes: z.boolean() });

/** Checks what a host answers to the only question that is put to it. */
const YES_OR_NO: jsonSchemaValidator = {
  getValidator: <T>() => {
    return (input: unknown) =>
      YesOrNo.safeParse(input).success
        ? { valid: true, data: input as T, errorMessage: undefined }
        : { valid: false, data: undefined, errorMessage: "expected {yes: true or false}" };
  },
};

/** One yes or no. What is not an accepted form with a yes in it, a time-out as well, is a no. */
function eliciting(server: Server, signal: AbortSignal): NonNullable<CallContext["elicit"]> {
  return async (message) => {
    const requestedSchema = {
      type: "object" as const,
      properties: { yes: { type: "boolean" as const, title: "Yes, I decide this myself", default: false } },
      required: ["yes"],
    };
    const asked = server.elicitInput({ mode: "form", message, requestedSchema }, { signal, timeout: ELICIT_MS });
    const said = await asked.catch(() => undefined);
    return said?.action === "accept" && said.content?.yes === true;
  };
}

/** The protocol wants numbers that rise with every notification; a tool with several parts starts again at each. */
function rising(
  say: (progress: number, total: number | undefined, message: string) => Promise<void>,
): CallContext["progress"] {
  let last = 0;
  return (done, total, text) => {
    const starting = done <= last;
    last = starting ? last + 1 : done;
    // A client that has gone away is told nothing more; the call itself ends by its signal.
    say(last, starting ? undefined : total, text).catch(() => {});
  };
}
