// Open-loop load for the demo shop: requests leave by schedule, whether or not earlier ones were answered, as
// customers do. A closed loop would slow down with the service and hide what a deployment does to it.
import { Agent, request as httpRequest } from "node:http";
import { summarise } from "./load-summary.mjs";

const PEOPLE = [
  ["ada", "analytical"],
  ["grace", "compiler"],
  ["edsger", "shortest-path"],
];
const QUERIES = [
  "tea",
  "green tea",
  "coffee",
  "espresso",
  "cup",
  "honey",
  "dark chocolate",
  "book",
  "iron teapot",
  "paper",
];
const SKUS = ["TEA-GREEN", "COF-FILTER", "CUP-LARGE", "CHOC-DARK", "BOOK-TEA", "KETTLE"];
const EXPECTED_STATUS = { login: 200, search: 200, checkout: 201 };
const MOST_REQUESTS = 5_000_000;

/** Even numbers in [0, 1) from a seed (mulberry32). */
function evenNumbers(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let x = Math.imul(state ^ (state >>> 15), state | 1);
    x ^= x + Math.imul(x ^ (x >>> 7), x | 61);
    return ((x ^ (x >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Milliseconds from the start at which each request is due. */
function* schedule({ rate, seconds, arrivals, even }) {
  const meanGap = 1000 / rate;
  for (let due = 0; due < seconds * 1000; ) {
    yield due;
    due += arrivals === "poisson" ? -Math.log(1 - even()) * meanGap : meanGap;
  }
}

function drawKind(mix, even) {
  const sum = Object.values(mix).reduce((a, b) => a + b, 0);
  let rest = even() * sum;
  for (const [kind, weight] of Object.entries(mix)) {
    rest -= weight;
    if (rest < 0) return kind;
  }
  return Object.keys(mix)[0];
}

function pick(list, even) {
  return list[Math.floor(even() * list.length)];
}

/** Method, path, headers and body of one customer's request. */
function describeRequest(kind, token, even) {
  const json = { "content-type": "application/json" };
  if (kind === "search")
    return { method: "GET", path: `/search?q=${encodeURIComponent(pick(QUERIES, even))}`, headers: {} };
  if (kind === "login") {
    const [user, password] = pick(PEOPLE, even);
    return { method: "POST", path: "/login", headers: json, body: JSON.stringify({ user, password }) };
  }
  const items = [{ sku: pick(SKUS, even), quantity: 1 + Math.floor(even() * 3) }];
  const headers = { ...json, authorization: `Bearer ${token}` };
  return { method: "POST", path: "/checkout", headers, body: JSON.stringify({ items }) };
}

/** Resolves with `{status, headers, body}` of a whole answer or `{code}` when there was none. */
function exchange(base, agent, described, timeoutMs) {
  return new Promise((resolve) => {
    const body = described.body === undefined ? undefined : Buffer.from(described.body);
    const headers = body === undefined ? described.headers : { ...described.headers, "content-length": body.length };
    const request = httpRequest(
      { host: base.hostname, port: base.port, method: described.method, path: described.path, headers, agent },
      (response) => {
        const chunks = [];
        response.on("data", (chunk) => chunks.push(chunk));
        response.on("end", () => {
          const text = Buffer.concat(chunks).toString("utf8");
          finish({ status: response.statusCode, headers: response.headers, body: text });
        });
        response.on("error", (error) => finish({ code: error.code ?? "ABORTED" }));
      },
    );
    const timer = setTimeout(() => {
      finish({ code: "ETIMEDOUT" });
      request.destroy();
    }, timeoutMs);
    function finish(result) {
      clearTimeout(timer);
      resolve(result);
    }
    request.on("error", (error) => finish({ code: error.code ?? "ERROR" }));
    request.end(body);
  });
}

/**
 * `ok`: the answer that was asked for; `service-error`: 5xx made by the service; `proxy-error`: made by the sandbox's
 * proxy, which marks it; `refused`: another status; `lost`: no whole answer.
 */
function outcomeOf(kind, answer) {
  if (answer.status === undefined) return "lost";
  if (answer.headers["x-deploy-flow-error"] !== undefined) return "proxy-error";
  if (answer.status >= 500) return "service-error";
  return answer.status === EXPECTED_STATUS[kind] ? "ok" : "refused";
}

function member(text, name) {
  try {
    const value = JSON.parse(text)[name];
    return typeof value === "string" ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The version that answered, from the proxy's header, the shop's own or the body. */
function versionOf(answer) {
  if (answer.status === undefined) return undefined;
  const { headers } = answer;
  return headers["x-deploy-flow-version"] ?? headers["x-version"] ?? member(answer.body, "version");
}

/**
 * Starts load on a shop. Options: `url`; `rate` per second; `seconds`; `mix` of login, search and checkout by weight;
 * `arrivals` steady or poisson; `seed`; `timeoutMs` per request; `maxInFlight`, above which due requests are counted
 * as unsent instead of sent; `onRecord(record)`. Returns `{stop, done, records}`: `stop()` sends no more, `done`
 * resolves with the summary when everything that was sent has ended.
 */
export function startLoad(options) {
  const o = {
    mix: { login: 10, search: 60, checkout: 30 },
    arrivals: "steady",
    seed: 1,
    timeoutMs: 10_000,
    maxInFlight: 2_000,
    onRecord: () => {},
    ...options,
  };
  if (!(o.rate > 0) || !(o.seconds > 0)) throw new RangeError("rate and seconds must be above zero");
  if (o.rate * o.seconds > MOST_REQUESTS) throw new RangeError(`more than ${MOST_REQUESTS} requests`);

  const base = new URL(o.url);
  // Idle connections are closed here before any server does: no request meets a connection that is just being closed.
  const agent = new Agent({ keepAlive: true, maxSockets: o.maxInFlight, timeout: 3_000 });
  const even = evenNumbers(o.seed);
  const dues = schedule({ ...o, even: evenNumbers(o.seed + 1) });
  const startedWall = Date.now();
  const started = performance.now();
  const since = () => performance.now() - started;
  const records = [];
  const inFlight = new Set();
  let token;
  let isStopped = false;
  let timer;
  let end;
  const sendingEnded = new Promise((resolve) => {
    end = resolve;
  });

  function keep(record) {
    records.push(record);
    o.onRecord(record);
  }

  async function send(dueMs) {
    const drawn = drawKind(o.mix, even);
    const kind = token === undefined && drawn === "checkout" ? "login" : drawn;
    const sentMs = since();
    const record = { at: startedWall + sentMs, kind, lateMs: sentMs - dueMs };
    if (inFlight.size >= o.maxInFlight) return keep({ ...record, outcome: "unsent", ms: 0 });
    const answer = await exchange(base, agent, describeRequest(kind, token, even), o.timeoutMs);
    const outcome = outcomeOf(kind, answer);
    if (kind === "login" && outcome === "ok") token = member(answer.body, "token");
    const version = versionOf(answer);
    return keep({
      ...record,
      outcome,
      ms: since() - sentMs,
      ...(answer.status === undefined ? { code: answer.code } : { status: answer.status }),
      ...(version === undefined ? {} : { version }),
    });
  }

  function sendDue(next) {
    let { value, done } = next;
    while (!done && !isStopped && value <= since()) {
      const sending = send(value);
      inFlight.add(sending);
      sending.finally(() => inFlight.delete(sending));
      ({ value, done } = dues.next());
    }
    if (done || isStopped) end();
    else timer = setTimeout(() => sendDue({ value, done }), Math.max(0, value - since()));
  }

  function stop() {
    isStopped = true;
    clearTimeout(timer);
    end();
  }

  const done = sendingEnded.then(async () => {
    const sentForMs = since();
    await Promise.all(inFlight);
    agent.destroy();
    return summarise(records, { url: o.url, rate: o.rate, startedAt: startedWall, seconds: sentForMs / 1000 });
  });
  sendDue(dues.next());
  return { stop, done, records };
}
