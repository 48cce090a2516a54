// A shop of one product. Its metrics are what any Prometheus client would show.
import { createServer } from "node:http";

const { HOST, PORT, VERSION, GREETING = "welcome" } = process.env;
const BOUNDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1]; // seconds
const inBucket = [...BOUNDS, Number.POSITIVE_INFINITY].map(() => 0);
const counts = new Map(); // `path status` -> number

const answers = {
  "GET /healthz": () => [200, { ok: true, version: VERSION }],
  "GET /": () => [200, { greeting: GREETING, version: VERSION }],
  "GET /search": () => [200, { found: ["TEA-GREEN"], version: VERSION }],
  "POST /login": (body) =>
    body.includes('"tea"') ? [200, { token: "t-1", version: VERSION }, { "set-cookie": "session=s-1" }] : [401, {}],
  "POST /orders": () => [201, { order: 1, version: VERSION }, { location: "/orders/1" }],
  "DELETE /orders/1": () => [204, undefined],
};

function metricsPage() {
  let sum = 0;
  const buckets = BOUNDS.map((le, i) => `http_request_duration_seconds_bucket{le="${le}"} ${(sum += inBucket[i])}`);
  const all = sum + inBucket[BOUNDS.length];
  const requests = [...counts].map(([key, count]) => {
    const [path, status] = key.split(" ");
    return `http_requests_total{path="${path}",status="${status}"} ${count}`;
  });
  const head = ["# TYPE http_requests_total counter", ...requests, "# TYPE http_request_duration_seconds histogram"];
  const tail = [`http_request_duration_seconds_bucket{le="+Inf"} ${all}`, `http_request_duration_seconds_count ${all}`];
  return [...head, ...buckets, ...tail, ""].join("\n");
}

createServer(async (request, response) => {
  if (request.url === "/metrics") return response.end(metricsPage());
  const started = performance.now();
  let body = "";
  for await (const chunk of request) body += chunk;
  const path = request.url.split("?")[0];
  const [status, content, headers] = answers[`${request.method} ${path}`]?.(body) ?? [404, { error: "no such page" }];
  response.writeHead(status, { "content-type": "application/json", "x-version": VERSION, ...headers });
  response.end(content === undefined ? undefined : JSON.stringify(content));
  counts.set(`${path} ${status}`, (counts.get(`${path} ${status}`) ?? 0) + 1);
  if (path === "/healthz") return;
  const seconds = (performance.now() - started) / 1000;
  const bucket = BOUNDS.findIndex((bound) => seconds <= bound);
  inBucket[bucket < 0 ? BOUNDS.length : bucket] += 1;
}).listen(Number(PORT), HOST);
