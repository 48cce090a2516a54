import { z } from "zod";
import {
  Digest,
  type Instance,
  InstanceState,
  Instant,
  type LiveState,
  quoteValue,
  Version,
} from "../../vocab/index.ts";
import { TargetError } from "../target.ts";
import type { Verb } from "./config.ts";

/** What `resolve` prints. */
export const ResolveAnswer = z.strictObject({ digest: Digest });

const Url = z.string().regex(/^https?:\/\/[^\s/]+/, "expected a URL that begins with http:// or https://");
const Count = z.number().int().min(0);
const Percent = z.number().min(0).max(100);

const AnsweredPool = z.strictObject({
  version: Version,
  digest: Digest,
  instances: Count,
  weightPct: Percent,
  /** At which only this version answers, whatever its weight. */
  url: Url.optional(),
});

const AnsweredInstance = z.strictObject({
  id: z.string().min(1).max(256),
  version: Version,
  digest: Digest,
  state: InstanceState,
  startedAt: Instant,
  restarts: Count,
  oomKills: Count,
  /** Left out: every restart that was no out-of-memory kill counts as a crash. */
  crashes: Count.optional(),
  url: Url.optional(),
});

/** What `observe` prints. An unknown key is refused: a misspelt counter must not become a missing one. */
export const ObserveAnswer = z.strictObject({
  entryUrl: Url,
  pools: z.array(AnsweredPool).max(100),
  instances: z.array(AnsweredInstance).max(10_000),
  measured: z.strictObject({ requests: Count, sharePct: z.record(Version, Percent) }).optional(),
});
export type ObserveAnswer = z.infer<typeof ObserveAnswer>;

/** What the target declared in deploy.yaml about its own answers. */
export interface Promised {
  readonly instanceUrls: boolean;
  readonly versionUrls: boolean;
  readonly measuresTraffic: boolean;
}

/** The digest that `resolve` printed. Throws {@link TargetError} for anything but the contract. */
export function readResolve(stdout: string): Digest {
  return parsed("resolve", ResolveAnswer, stdout).digest;
}

/**
 * The environment that `observe` printed, read at `readAt`. Throws {@link TargetError} for anything but the contract:
 * an answer that cannot be understood never reads as "nothing runs".
 */
export function readObserve(stdout: string, promised: Promised, readAt: Instant): LiveState {
  const answer = parsed("observe", ObserveAnswer, stdout);
  refuseContradictions(answer, promised);
  const versionUrls = answer.pools.flatMap(({ version, url }) => (url === undefined ? [] : [[version, trimmed(url)]]));
  return {
    pools: answer.pools.map(({ version, digest, instances, weightPct }) => ({ version, digest, instances, weightPct })),
    instances: answer.instances.map(instanceOf),
    measuredSharePct: answer.measured?.sharePct ?? {},
    measuredRequests: answer.measured?.requests ?? 0,
    entryUrl: trimmed(answer.entryUrl),
    ...(versionUrls.length === 0 ? {} : { versionUrls: Object.fromEntries(versionUrls) }),
    readAt,
  };
}

function instanceOf({ crashes, url, ...known }: ObserveAnswer["instances"][number]): Instance {
  return {
    ...known,
    crashes: crashes ?? Math.max(0, known.restarts - known.oomKills),
    ...(url === undefined ? {} : { url: trimmed(url) }),
  };
}

const trimmed = (url: string): string => url.replace(/\/+$/, "");

function parsed<T>(verb: Verb, schema: z.ZodType<T>, stdout: string): T {
  const result = schema.safeParse(jsonOf(verb, stdout));
  if (result.success) return result.data;
  const [issue] = result.error.issues;
  const unknownKey = issue?.code === "unrecognized_keys" ? issue.keys[0] : undefined;
  const path = (issue?.path ?? []).map(String).join(".");
  const where = path === "" ? "its answer" : `its key ${path}`;
  const wrong =
    unknownKey === undefined
      ? `${issue?.message ?? "another shape was expected"}, found ${quoteValue(valueAt(jsonOf(verb, stdout), issue?.path ?? []))}`
      : `expected only the keys of the contract, found ${quoteValue(unknownKey)}`;
  throw offContract(verb, `${where}: ${wrong}`);
}

function jsonOf(verb: Verb, stdout: string): unknown {
  const text = stdout.trim();
  if (text === "") throw offContract(verb, "expected one JSON object on its standard output, found nothing");
  try {
    return JSON.parse(text);
  } catch {
    const found = quoteValue(text.length > 120 ? `${text.slice(0, 60)} … ${text.slice(-50)}` : text, 160);
    throw offContract(verb, `expected one JSON object and nothing else on its standard output, found ${found}`);
  }
}

function valueAt(value: unknown, path: readonly PropertyKey[]): unknown {
  return path.reduce<unknown>((at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key], value) ?? null;
}

/** What the shape alone cannot say. */
function refuseContradictions(answer: ObserveAnswer, promised: Promised): void {
  const { pools, instances, measured } = answer;
  const names = new Set<string>();
  for (const { version } of pools) {
    if (names.has(version)) throw offContract("observe", `its key pools: version ${version} stands in it twice`);
    names.add(version);
  }
  const total = pools.reduce((sum, { weightPct }) => sum + weightPct, 0);
  if (total !== 0 && Math.abs(total - 100) > 0.01) {
    throw offContract("observe", `its key pools: expected weights that add up to 100 or 0, found ${total}`);
  }
  const ids = new Set<string>();
  for (const { id, url, state } of instances) {
    if (ids.has(id)) throw offContract("observe", `its key instances: two of them have the id ${quoteValue(id)}`);
    ids.add(id);
    // One that starts may have no address yet.
    if (promised.instanceUrls && url === undefined && state !== "starting") {
      const what = `expected a url (target.instanceUrls is true), found none at ${quoteValue(id)}`;
      throw offContract("observe", `its key instances: ${what}`);
    }
  }
  const unreachable = pools.find(({ instances: count, url }) => promised.versionUrls && count > 0 && url === undefined);
  if (unreachable) {
    const what = `expected a url (target.versionUrls is true), found none at version ${unreachable.version}`;
    throw offContract("observe", `its key pools: ${what}`);
  }
  refuseSharedUrls(answer);
  if (promised.measuresTraffic && measured === undefined) {
    throw offContract("observe", "expected the key measured (target.measuresTraffic is true), found none");
  }
}

/** One address that answers for two cannot tell them apart: a bad version would be measured as half a good one. */
function refuseSharedUrls({ entryUrl, pools, instances }: ObserveAnswer): void {
  const ready = instances.filter(({ state }) => state === "ready");
  const named = [
    ...pools.map(({ version, url }) => ({ key: "pools", who: `version ${version}`, version, url })),
    ...ready.map(({ id, version, url }) => ({ key: "instances", who: quoteValue(id), version, url })),
  ];
  const several = new Set(named.map(({ version }) => version)).size > 1;
  const owners = new Map<string, { key: string; who: string; version?: string }>();
  if (several) owners.set(trimmed(entryUrl), { key: "entryUrl", who: "entryUrl" });
  for (const { url, ...one } of named) {
    if (url === undefined) continue;
    const other = owners.get(trimmed(url));
    if (other && (other.version !== one.version || other.key === one.key)) {
      throw offContract(
        "observe",
        `its key ${one.key}: expected a url of its own, found that of ${other.who} at ${one.who}`,
      );
    }
    owners.set(trimmed(url), one);
  }
}

/** The command ran and said something that is not the contract. Saying it again would not make it better. */
export function offContract(verb: Verb, what: string): TargetError {
  return new TargetError(`the ${verb} command does not keep to the contract: ${what}`, {
    retryable: false,
    next: `run target.${verb}.command by hand and compare what it prints with docs/targets.md`,
  });
}
