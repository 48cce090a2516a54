import type { Http } from "../../ports/index.ts";
import { durationMs, type Instance, messageOf } from "../../vocab/index.ts";
import type { MetricsConfig } from "../config.ts";
import { type CounterReading, readCounters } from "./counters.ts";
import { readExposition } from "./exposition.ts";
import type { ExtraSeries } from "./extra.ts";

/** A metrics page of an ordinary service has some 10 kB. */
const MAX_PAGE_BYTES = 16 * 1024 * 1024;
const ACCEPT = "text/plain;version=0.0.4, application/openmetrics-text;version=1.0.0;q=0.8";

/** What asking one instance gave. */
export type PageResult = { readonly reading: CounterReading } | { readonly failure: string };

/** Asks one instance for its metrics page; every way in which that does not work is a `failure`, never a zero. */
export async function readPage(
  instance: Instance,
  config: MetricsConfig,
  http: Http,
  signal: AbortSignal,
  further: readonly ExtraSeries[] = [],
): Promise<PageResult> {
  if (instance.url === undefined) return { failure: "the target gives no address of this instance" };
  try {
    const response = await http.send({
      url: `${instance.url.replace(/\/$/, "")}${config.path}`,
      headers: { accept: ACCEPT },
      timeoutMs: durationMs(config.timeout),
      maxBytes: MAX_PAGE_BYTES,
      signal,
    });
    if (response.status !== 200) return { failure: `the metrics page answered with status ${response.status}` };
    const openMetrics = /^application\/openmetrics-text\b/i.test(response.headers["content-type"] ?? "");
    const page = readExposition(response.body, { openMetrics, place: `${instance.id}${config.path}` });
    return { reading: readCounters(page, config, further) };
  } catch (error) {
    return { failure: messageOf(error) };
  }
}
