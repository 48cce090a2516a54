import type { FlowEvent } from "../../mcp-server/flow/events.ts";
import type { Stamped } from "../../mcp-server/record/journal.ts";
import type { LoadRecord } from "../../scripts/demo/open-loop.mjs";

/** Requests that got no answer, a broken one, or an error that the proxy made. */
export function lostRequests(records: readonly LoadRecord[]): LoadRecord[] {
  return records.filter((record) => record.outcome !== "ok" && record.outcome !== "service-error");
}

interface Change {
  readonly from: number;
  /** When it was read back as done; open while it was under way. */
  readonly until: number;
  readonly versions: readonly string[];
}

/**
 * Answers of a version that no record explains: neither the last finished change of production before the request
 * nor a change that was under way while it lasted gives that version traffic.
 */
export function unexplainedTraffic(
  records: readonly LoadRecord[],
  runs: readonly (readonly Stamped<FlowEvent>[])[],
  first: string,
): { version: string | undefined; at: string }[] {
  const changes = runs.flatMap(changesOf).sort((a, b) => a.from - b.from);
  return records.flatMap((record) => {
    if (record.version === undefined) return [];
    const before = changes.findLast((change) => change.until <= record.at);
    const during = changes.filter((change) => change.from <= record.at + record.ms && change.until > record.at);
    const explained = [before?.versions ?? [first], ...during.map((change) => change.versions)].flat();
    return explained.includes(record.version)
      ? []
      : [{ version: record.version, at: new Date(record.at).toISOString() }];
  });
}

function changesOf(events: readonly Stamped<FlowEvent>[]): Change[] {
  return events.flatMap(({ event, at }) => {
    if (event.event !== "intent" || event.intent.env !== "production" || !event.intent.pools) return [];
    const done = events.find((other) => other.event.event === "result" && other.event.key === event.key);
    return [
      {
        from: Date.parse(at),
        until: done ? Date.parse(done.at) : Number.POSITIVE_INFINITY,
        versions: event.intent.pools.filter((pool) => pool.weightPct > 0).map((pool) => pool.version),
      },
    ];
  });
}
