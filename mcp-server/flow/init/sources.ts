import type { MetricNames, Piece, ProjectFiles } from "./findings.ts";

/** Usual paths of health checks, the more telling ones first. */
export const HEALTH_PATHS = [
  "/healthz",
  "/readyz",
  "/health/ready",
  "/health",
  "/ready",
  "/livez",
  "/api/health",
  "/actuator/health",
  "/_health",
  "/ping",
] as const;

/** Labels under which counters of requests tell failures. */
export const STATUS_LABELS = [
  "status",
  "status_code",
  "code",
  "statusCode",
  "http_status",
  "http_status_code",
] as const;

const REQUESTS = /\bhttp_(?:server_)?requests?(?:_received)?_total\b/;
/** The first page as a route or in a comparison. */
const ROOT_ROUTE = /(?:===?\s*|\b(?:get|route|all)\(\s*)(["'`])\/\1/;
const LATENCY = /\bhttp_(?:server_)?request_duration_(seconds|milliseconds|ms)\b/;

/** What the source code says by the literals in it. */
export function fromSources(sources: ProjectFiles): Piece {
  const health = HEALTH_PATHS.flatMap((path) => literal(sources, path)).at(0);
  const metricsPath = literal(sources, "/metrics").at(0);
  const port = [...sources].find(([, text]) =>
    /process\.env\.PORT\b|\bPORT\b[^;\n]*=\s*process\.env|environ[^\n]*["']PORT["']|Getenv\("PORT"\)/.test(text),
  );
  const page = [...sources].find(([, text]) => ROOT_ROUTE.test(text));
  const metrics = namesIn(sources, metricsPath?.value ?? "/metrics");
  return {
    ...(health === undefined ? {} : { healthPath: health }),
    ...(metricsPath === undefined ? {} : { metricsPath }),
    ...(metrics === undefined ? {} : { metrics }),
    ...(page === undefined ? {} : { page: { value: "/", from: page[0] } }),
    ...(port === undefined ? {} : { readsPort: { value: true, from: port[0] } }),
  };
}

function literal(sources: ProjectFiles, path: string): { value: string; from: string }[] {
  const quoted = [`"${path}"`, `'${path}'`, `\`${path}\``];
  const found = [...sources].find(([, text]) => quoted.some((word) => text.includes(word)));
  return found ? [{ value: path, from: found[0] }] : [];
}

/** Names of counter, label and histogram where one file names all that is needed. */
function namesIn(sources: ProjectFiles, path: string): { value: MetricNames; from: string } | undefined {
  for (const [file, text] of sources) {
    const requests = REQUESTS.exec(text)?.[0];
    const label = STATUS_LABELS.find((one) => new RegExp(`\\b${one}=|["']${one}["']`).test(text));
    if (requests === undefined || label === undefined) continue;
    const latency = LATENCY.exec(text);
    const unit = latency?.[1] === "seconds" ? "s" : "ms";
    const names = {
      path,
      requests: { name: requests, label },
      ...(latency ? { latency: { name: latency[0], unit } as const } : {}),
    };
    return { value: names, from: file };
  }
  return undefined;
}

const ENTRIES = [
  "server.js",
  "server.mjs",
  "index.js",
  "index.mjs",
  "app.js",
  "app.mjs",
  "src/server.js",
  "src/server.mjs",
  "src/index.js",
  "src/index.mjs",
  "src/main.js",
];

/** A file by whose name the service is usually started. */
export function fromEntries(files: ProjectFiles): Piece {
  const entry = ENTRIES.find((path) => files.has(path));
  return entry === undefined ? {} : { start: { value: ["node", entry], from: entry } };
}

/** The `web` process of a Procfile; through a shell where it is written for one. */
export function fromProcfile(text: string): Piece {
  const command = /^web:\s*(.+)$/m.exec(text)?.[1]?.trim();
  if (command === undefined) return {};
  const value = /^[\w@%+=:,./ -]+$/.test(command)
    ? command.split(/ +/)
    : ["sh", "-c", /[;&|]/.test(command) ? command : `exec ${command}`];
  return { start: { value, from: "Procfile web" } };
}
