import type { Http, HttpRequest } from "../../../../mcp-server/ports/index.ts";
import { type FakeAnswer, fakeHttp } from "../../../fakes/index.ts";

/** A native histogram as the API writes it. */
export interface NativeValue {
  readonly count: string;
  readonly buckets: readonly (readonly [number, string, string, string])[];
}

type Value = number | string | NativeValue;

export interface FakePrometheus extends Http {
  /** Server's clock, seconds. */
  now: number;
  /** What every query gets instead of an answer. */
  broken: FakeAnswer | undefined;
  /** Fields that are added to every answer, such as warnings. */
  extra: Record<string, unknown>;
  readonly requests: HttpRequest[];
  /** Stores one scrape of a target: lines `name{label="value"} number`, at the present or so many seconds ago. */
  scrape(target: Record<string, string>, lines: Record<string, Value>, agoSeconds?: number): void;
}

const SERIES = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})?$/;
const PAIR = /([a-zA-Z_][a-zA-Z0-9_]*)(=~|!~|!=|=)"((?:[^"\\]|\\.)*)"/g;

interface Stored {
  readonly labels: Record<string, string>;
  readonly points: [number, Value][];
}

function labelsOf(text: string): Record<string, string> {
  const [, name = "", pairs = ""] = SERIES.exec(text) ?? [];
  const labels: Record<string, string> = { __name__: name };
  for (const [, label = "", , value = ""] of pairs.matchAll(PAIR)) labels[label] = JSON.parse(`"${value}"`);
  return labels;
}

function selects(selector: string, labels: Record<string, string>): boolean {
  const inner = /^\{(.*)\}$/.exec(selector)?.[1];
  if (inner === undefined) throw new Error(`not a selector: ${selector}`);
  const left = inner.replaceAll(PAIR, "").replaceAll(",", "").trim();
  if (left !== "") throw new Error(`the selector cannot be read: ${left}`);
  return [...inner.matchAll(PAIR)].every(([, label = "", operator, quoted = ""]) => {
    const wanted = JSON.parse(`"${quoted}"`) as string;
    const found = labels[label] ?? "";
    const matches = new RegExp(`^(?:${wanted})$`, "s");
    if (operator === "=") return found === wanted;
    if (operator === "!=") return found !== wanted;
    return matches.test(found) === (operator === "=~");
  });
}

/** A Prometheus server that stores what it is told and answers selectors, as far as the source asks it. */
export function fakePrometheus(url = "http://prometheus:9090", now = 1_700_000_000): FakePrometheus {
  const stored = new Map<string, Stored>();
  const answer = (data: unknown): string => JSON.stringify({ status: "success", data, ...server.extra });
  const http = fakeHttp();
  const query = (text: string, time: number): string => {
    if (text === "time()") return answer({ resultType: "scalar", result: [time, String(time)] });
    const [, selector = "", range = ""] = /^(\{.*\})\[(\d+)s\]$/.exec(text) ?? [];
    const inRange = (t: number) => t > time - Number(range) && t <= time;
    return answer(matrix(selector, (points) => points.filter(([t]) => inRange(t))));
  };
  const matrix = (selector: string, cut: (points: Stored["points"]) => Stored["points"]) => ({
    resultType: "matrix",
    result: [...stored.values()]
      .filter(({ labels }) => selects(selector, labels))
      .flatMap(({ labels, points }) => {
        const within = cut(points);
        const values = within.filter(([, value]) => typeof value !== "object").map(([t, value]) => [t, String(value)]);
        const histograms = within.filter(([, value]) => typeof value === "object");
        if (within.length === 0) return [];
        return [
          {
            metric: labels,
            ...(values.length > 0 ? { values } : {}),
            ...(histograms.length > 0 ? { histograms } : {}),
          },
        ];
      }),
  });
  const range = (selector: string, { start, end, step }: { start: number; end: number; step: number }): string =>
    answer(
      matrix(selector, (points) => {
        const grid: Stored["points"] = [];
        for (let t = start; t <= end; t += step) {
          const last = points.findLast(([at]) => at <= t && at > t - 300);
          if (last) grid.push([t, last[1]]);
        }
        return grid;
      }),
    );
  const server: FakePrometheus = {
    now,
    broken: undefined,
    extra: {},
    requests: http.requests,
    scrape: (target, lines, agoSeconds = 0) => {
      for (const [line, value] of Object.entries(lines)) {
        const labels = { ...labelsOf(line), ...target };
        const key = JSON.stringify(Object.entries(labels).sort());
        const series = stored.get(key) ?? { labels, points: [] };
        series.points.push([server.now - agoSeconds, value]);
        stored.set(key, series);
      }
    },
    send: (request) => {
      const asked = new URL(request.url);
      http.routes[request.url] = () => {
        if (server.broken !== undefined) return server.broken;
        const number = (name: string) => Number(asked.searchParams.get(name) ?? server.now);
        const text = asked.searchParams.get("query") ?? "";
        if (asked.href.startsWith(`${url}/api/v1/query?`)) return query(text, number("time"));
        if (asked.href.startsWith(`${url}/api/v1/query_range?`)) {
          return range(text, { start: number("start"), end: number("end"), step: number("step") });
        }
        return { status: 404, body: "not found" };
      };
      return http.send(request);
    },
  };
  return server;
}
