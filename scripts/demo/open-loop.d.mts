/** One request of the load; times in milliseconds, `at` since the epoch when it left. */
export interface LoadRecord {
  readonly at: number;
  readonly kind: "login" | "search" | "checkout";
  readonly outcome: "ok" | "service-error" | "proxy-error" | "refused" | "lost" | "unsent";
  readonly ms: number;
  /** How much later than scheduled it left. */
  readonly lateMs: number;
  readonly status?: number;
  readonly code?: string;
  readonly version?: string;
}

export interface Spread {
  readonly p50?: number;
  readonly p95?: number;
  readonly p99?: number;
  readonly max?: number;
}

export interface LoadSummary {
  readonly url: string;
  readonly rate: number;
  readonly startedAt: number;
  readonly seconds: number;
  readonly sent: number;
  readonly ok: number;
  readonly serviceErrors: number;
  readonly proxyErrors: number;
  readonly refused: number;
  readonly lost: number;
  readonly unsent: number;
  readonly ms: Spread;
  readonly lateMs: Spread;
  readonly byVersion: Record<
    string,
    {
      readonly answered: number;
      readonly ok: number;
      readonly serviceErrors: number;
      readonly ms: Spread;
      readonly firstSentAt: number;
      readonly lastSentAt: number;
      readonly firstErrorAt?: number;
    }
  >;
  readonly firstTroubles: readonly LoadRecord[];
}

export interface LoadOptions {
  readonly url: string;
  /** Requests per second. */
  readonly rate: number;
  readonly seconds: number;
  readonly mix?: Partial<Record<"login" | "search" | "checkout", number>>;
  readonly arrivals?: "steady" | "poisson";
  readonly seed?: number;
  readonly timeoutMs?: number;
  readonly maxInFlight?: number;
  readonly onRecord?: (record: LoadRecord) => void;
}

export interface Load {
  /** Sends no more; what is under way ends. */
  stop(): void;
  readonly done: Promise<LoadSummary>;
  /** In the order in which they ended; grows while the load runs. */
  readonly records: readonly LoadRecord[];
}

/** Starts load on a shop: requests leave by schedule, whether or not earlier ones were answered. */
export function startLoad(options: LoadOptions): Load;
