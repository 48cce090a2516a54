import { z } from "zod";
import { privatePath } from "../../ports/index.ts";
import { EXIT, FlowError } from "../../vocab/index.ts";
import { type CommandIo, defineCommand } from "./command.ts";

/** Environment variable that brings a token of the caller's own. */
const TOKEN_VARIABLE = "DEPLOY_FLOW_TOKEN";
const MIN_TOKEN_LENGTH = 32;
const TOKEN_BYTES = 32;

/** The MCP server. Over standard streams, output carries the protocol and nothing else. */
export const serveCommand = defineCommand({
  name: "serve",
  summary:
    "Serves the tools over the Model Context Protocol: on standard input and output, or with --http on 127.0.0.1 for callers with the bearer token.",
  title: "Serves the tools over the Model Context Protocol",
  input: z.object({
    stdio: z.boolean().default(true).describe("over standard input and output"),
    http: z.boolean().default(false).describe("over streamable HTTP on 127.0.0.1 instead"),
    port: z.number().int().min(0).max(65_535).optional().describe("port for --http; any free one when not given"),
  }),
  positionals: [],
  run: async ({ stdio, http, port }, io) => {
    if (http) return serveHttp(io, port ?? 0);
    if (port !== undefined) throw misused("--port goes with --http", "add --http, or leave --port away");
    if (!stdio) throw misused("no transport is left", "leave --no-stdio away, or add --http");
    const { serveStdio } = await import("../mcp/stdio.ts");
    await serveStdio({ root: io.root, ports: io.ports, signal: io.signal });
    return EXIT.ok;
  },
});

async function serveHttp(io: CommandIo, port: number) {
  const { openHttpDoor } = await import("../mcp/http.ts");
  const { token, where, forget } = tokenFor(io);
  try {
    const door = await openHttpDoor({ root: io.root, ports: io.ports, port, token }).catch((error: unknown) => {
      throw cannotListen(port, error);
    });
    io.terminal.out(`serving ${door.url}\ntoken: ${where}\n`);
    await new Promise<void>((resolve) => {
      if (io.signal.aborted) resolve();
      io.signal.addEventListener("abort", () => resolve(), { once: true });
    });
    await door.close();
  } finally {
    forget();
  }
  return EXIT.ok;
}

/** The caller's token, or a fresh one in a file that only this user can read, for as long as the server runs. */
function tokenFor(io: CommandIo): { token: string; where: string; forget: () => void } {
  const given = process.env[TOKEN_VARIABLE];
  if (given !== undefined && given !== "") {
    if (given.length >= MIN_TOKEN_LENGTH && /^\S+$/.test(given))
      return { token: given, where: `as in ${TOKEN_VARIABLE}`, forget: () => {} };
    throw new FlowError({
      code: "usage",
      what: `the token in ${TOKEN_VARIABLE} is too weak`,
      expected: `at least ${MIN_TOKEN_LENGTH} characters without white space`,
      found: `${given.length} characters`,
      next: `take one from a random source, or unset ${TOKEN_VARIABLE} to get one`,
    });
  }
  const { disk, ids } = io.ports;
  const token = ids.hex(TOKEN_BYTES);
  const file = privatePath(io.root, `token-${ids.hex(4)}`);
  disk.createExclusive(file, `${token}\n`, 0o600);
  return { token, where: `in ${file}`, forget: () => disk.remove(file) };
}

function misused(what: string, next: string): FlowError {
  return new FlowError({ code: "usage", what, next });
}

function cannotListen(port: number, cause: unknown): FlowError {
  const code = (cause as { code?: unknown } | undefined)?.code;
  return new FlowError({
    code: "usage",
    what: "the port cannot be listened on",
    expected: "a free port that this user may open",
    found: `port ${port}: ${typeof code === "string" ? code : "refused"}`,
    next: "name another --port, or leave it away for a free one",
    cause,
  });
}
