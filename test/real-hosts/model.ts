import { createServer, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";

/** A block of a message, as far as a scripted model looks at it. */
export interface Block {
  readonly type: string;
  readonly text?: string;
  readonly name?: string;
  readonly input?: unknown;
  readonly content?: unknown;
  readonly tool_use_id?: string;
  readonly is_error?: boolean;
}

/** What the host asks its model. */
export interface Asked {
  /** All system texts, so that an agent's own words are found. */
  readonly system: string;
  readonly blocks: readonly { readonly role: string; readonly block: Block }[];
  readonly tools: readonly string[];
  readonly bytes: number;
}

/** What the scripted model says: words, or calls of tools. */
export interface Said {
  readonly text?: string;
  readonly tools?: readonly { readonly name: string; readonly input: unknown }[];
}

export type Script = (asked: Asked) => Said;

/** A model on loopback that speaks the streaming Messages interface and says what a script says. */
export interface Model {
  readonly url: string;
  readonly asked: Asked[];
  play(script: Script): void;
  close(): Promise<void>;
}

/** Starts a model without words; `play` gives it some. */
export async function startModel(): Promise<Model> {
  const asked: Asked[] = [];
  let script: Script = () => ({ text: "nothing to say" });
  let count = 0;
  const server: Server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const raw = Buffer.concat(chunks).toString("utf8");
      const { pathname } = new URL(request.url ?? "/", "http://model");
      if (pathname.endsWith("/count_tokens")) return json(response, 200, { input_tokens: Math.ceil(raw.length / 4) });
      if (request.method !== "POST" || !pathname.endsWith("/v1/messages")) {
        return json(response, 404, { type: "error", error: { type: "not_found_error", message: pathname } });
      }
      const one = readAsked(raw);
      asked.push(one);
      count += 1;
      return answer(response, count, one, said(script, one), JSON.parse(raw).stream === true);
    });
  });
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    play: (next) => {
      script = next;
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function said(script: Script, asked: Asked): Said {
  try {
    return script(asked);
  } catch (error) {
    return { text: `the script failed: ${String(error)}` };
  }
}

function readAsked(raw: string): Asked {
  const body = JSON.parse(raw) as {
    system?: string | { text?: string }[];
    messages?: { role: string; content: string | Block[] }[];
    tools?: { name: string }[];
  };
  const systems = typeof body.system === "string" ? [body.system] : (body.system ?? []).map(({ text }) => text ?? "");
  const blocks = (body.messages ?? []).flatMap(({ role, content }) =>
    (typeof content === "string" ? [{ type: "text", text: content }] : content).map((block) => ({ role, block })),
  );
  const tools = (body.tools ?? []).map(({ name }) => name);
  return { system: systems.join("\n"), blocks, tools, bytes: Buffer.byteLength(raw) };
}

function json(response: ServerResponse, status: number, body: unknown): void {
  response.writeHead(status, { "content-type": "application/json" });
  response.end(JSON.stringify(body));
}

function answer(response: ServerResponse, count: number, asked: Asked, { text, tools = [] }: Said, streams: boolean) {
  const content = [
    ...(text === undefined ? [] : [{ type: "text", text }]),
    ...tools.map(({ name, input }, index) => ({ type: "tool_use", id: `toolu_${count}_${index}`, name, input })),
  ];
  const stop = tools.length > 0 ? "tool_use" : "end_turn";
  const usage = { input_tokens: Math.ceil(asked.bytes / 4), output_tokens: 1 };
  const message = { id: `msg_${count}`, type: "message", role: "assistant", model: "scripted", usage };
  if (!streams) return json(response, 200, { ...message, content, stop_reason: stop, stop_sequence: null });
  response.writeHead(200, { "content-type": "text/event-stream", "cache-control": "no-cache" });
  const send = (type: string, data: object) =>
    response.write(`event: ${type}\ndata: ${JSON.stringify({ type, ...data })}\n\n`);
  send("message_start", { message: { ...message, content: [], stop_reason: null, stop_sequence: null } });
  content.forEach((block, index) => {
    const isText = "text" in block;
    const empty = isText ? { type: "text", text: "" } : { ...block, input: {} };
    const delta = isText
      ? { type: "text_delta", text: block.text }
      : { type: "input_json_delta", partial_json: JSON.stringify("input" in block ? block.input : {}) };
    send("content_block_start", { index, content_block: empty });
    send("content_block_delta", { index, delta });
    send("content_block_stop", { index });
  });
  send("message_delta", { delta: { stop_reason: stop, stop_sequence: null }, usage: { output_tokens: 10 } });
  send("message_stop", {});
  response.end();
}
