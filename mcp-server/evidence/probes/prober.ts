import { setMaxListeners } from "node:events";
import type { Clock, Http } from "../../ports/index.ts";
import type { Arm, Ms, Version } from "../../vocab/index.ts";
import type { JourneyConfig } from "../journeys/config.ts";
import { type WalkedRequest, walkJourney } from "../journeys/walk.ts";
import { ON_ITS_OWN_CONNECTION } from "../smoke/attempt.ts";
import { addLatency, addTotals, NOTHING_PROBED, type ProbeTotals } from "./totals.ts";

/** Where probes of one version are sent, past any router that would give them to another one. */
export interface ProbedArm {
  readonly arm: Arm;
  readonly version: Version;
  readonly urls: readonly string[];
  /** Several instances stand behind a URL. */
  readonly shared: boolean;
}

export interface ProberOptions {
  readonly http: Http;
  readonly clock: Clock;
  readonly env: Readonly<Record<string, string>>;
}

/** Sends journeys to both arms alike, at a bounded rate, and counts what comes back. */
export interface Prober {
  /**
   * Sends these journeys to these arms for so long, each arm `ratePerSecond` times a second, unless told again. Nobody has
   * to stop it: with the last word of a watch that died its traffic ends too.
   */
  keep(arms: readonly ProbedArm[], journeys: readonly JourneyConfig[], ratePerSecond: number, forMs: Ms): void;
  /** What was counted since this prober was made. */
  totals(): Record<Arm, ProbeTotals>;
  /** Ends at once; what is under way is given up and not counted. */
  rest(): void;
}

/** Walks of one arm that may be under way at a time: a dead service is not asked more and more. */
const MAX_UNDER_WAY = 8;

/** Tells a service which requests are not its users'. */
const PROBE_HEADERS = { "user-agent": "deploy-flow-probe" };

/** Behind a shared address a kept connection would ask one instance again and again, and the old version once traffic has moved. */
const SHARED_HEADERS = { ...PROBE_HEADERS, ...ON_ITS_OWN_CONNECTION };

export function createProber({ http, clock, env }: ProberOptions): Prober {
  const counted: Record<Arm, ProbeTotals> = { baseline: NOTHING_PROBED, candidate: NOTHING_PROBED };
  const underWay: Record<Arm, number> = { baseline: 0, candidate: 0 };
  let wanted: { arms: readonly ProbedArm[]; journeys: readonly JourneyConfig[]; everyMs: Ms } | undefined;
  let until = 0;
  let turn = 0;
  let life: AbortController | undefined;

  const count = (arm: Arm, request: WalkedRequest) => {
    if (life?.signal.aborted) return;
    const one = { ...NOTHING_PROBED, ...OUTCOMES[request.outcome] };
    counted[arm] = addTotals(counted[arm], request.timed ? addLatency(one, request.durationMs) : one);
  };

  const send = async (
    journey: JourneyConfig,
    { arm, version, shared }: ProbedArm,
    url: string,
    signal: AbortSignal,
  ) => {
    underWay[arm] += 1;
    try {
      const redact = (text: string) => text;
      const onRequest = (request: WalkedRequest) => count(arm, request);
      const headers = shared ? SHARED_HEADERS : PROBE_HEADERS;
      await walkJourney(journey, url, { http, clock, version, signal, redact, env, headers, onRequest });
    } catch {
      // Given up with the watch: it says nothing about the service.
    } finally {
      underWay[arm] -= 1;
    }
  };

  const run = async (signal: AbortSignal) => {
    while (!signal.aborted && wanted && clock.mono() < until) {
      const { arms, journeys, everyMs } = wanted;
      const journey = journeys[turn % journeys.length];
      // Neither arm is always asked first.
      for (const probed of turn % 2 === 0 ? arms : [...arms].reverse()) {
        const url = probed.urls[Math.floor(turn / journeys.length) % probed.urls.length];
        if (journey && url !== undefined && underWay[probed.arm] < MAX_UNDER_WAY)
          void send(journey, probed, url, signal);
      }
      turn += 1;
      await clock.sleep(everyMs, signal);
    }
  };

  return {
    keep: (arms, journeys, ratePerSecond, forMs) => {
      if (journeys.length === 0 || ratePerSecond <= 0) return;
      wanted = { arms, journeys, everyMs: 1000 / ratePerSecond };
      until = clock.mono() + forMs;
      if (life && !life.signal.aborted) return;
      const own = new AbortController();
      // Every walk of a service that hangs listens, and the pause between two turns.
      setMaxListeners(2 * MAX_UNDER_WAY + 1, own.signal);
      life = own;
      void run(own.signal).finally(() => {
        if (life === own) life = undefined;
      });
    },
    totals: () => ({ ...counted }),
    rest: () => {
      until = 0;
      life?.abort();
    },
  };
}

const OUTCOMES: Record<WalkedRequest["outcome"], Partial<ProbeTotals>> = {
  passed: { requests: 1 },
  failed: { requests: 1, failed: 1 },
  "not-asked": { unsent: 1 },
};
