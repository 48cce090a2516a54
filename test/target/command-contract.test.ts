import { describe, expect, test } from "vitest";
import { readObserve, readResolve } from "../../mcp-server/target/command/contract.ts";
import { shortfall } from "../../mcp-server/target/command/readback.ts";
import { TargetError } from "../../mcp-server/target/index.ts";
import type { Instant, LiveState, Pool } from "../../mcp-server/vocab/index.ts";

const D1 = `sha256:${"1".repeat(64)}`;
const D2 = `sha256:${"2".repeat(64)}`;
const NOW = "2026-01-31T12:00:00.000Z" as Instant;
const PROMISED = { instanceUrls: true, versionUrls: false, measuresTraffic: false };

const instance = {
  id: "a",
  version: "1.0.0",
  digest: D1,
  state: "ready",
  startedAt: "2026-01-31T11:00:00Z",
  restarts: 3,
  oomKills: 1,
  url: "http://10.0.0.1:80/",
};
const pool = { version: "1.0.0", digest: D1, instances: 1, weightPct: 100 };
const answer = { entryUrl: "https://shop.example.com/", pools: [pool], instances: [instance] };

function refusal(attempt: () => unknown): TargetError {
  try {
    attempt();
  } catch (error) {
    expect(error).toBeInstanceOf(TargetError);
    return error as TargetError;
  }
  throw new Error("it was not refused");
}

describe("an answer of observe", () => {
  test("that keeps to the contract is read, with the time of the reading", () => {
    const live = readObserve(`\n${JSON.stringify(answer)}\n`, PROMISED, NOW);
    expect(live).toEqual({
      entryUrl: "https://shop.example.com",
      pools: [pool],
      instances: [{ ...instance, url: "http://10.0.0.1:80", crashes: 2 }],
      measuredSharePct: {},
      measuredRequests: 0,
      readAt: NOW,
    });
  });

  test("of an environment in which nothing runs is empty", () => {
    const nothing = { ...answer, pools: [], instances: [] };
    expect(readObserve(JSON.stringify(nothing), PROMISED, NOW)).toMatchObject({ pools: [], instances: [] });
  });

  test("may leave out the address of an instance that starts", () => {
    const { url: _left, ...rest } = instance;
    const starting = { ...answer, instances: [{ ...rest, state: "starting" }] };
    expect(readObserve(JSON.stringify(starting), PROMISED, NOW).instances).toMatchObject([{ id: "a" }]);
  });

  const without = (key: keyof typeof instance) => {
    const { [key]: _left, ...rest } = instance;
    return { ...answer, instances: [rest] };
  };
  test.each<[string, string, RegExp]>([
    ["nothing", "", /expected one JSON object on its standard output, found nothing/],
    ["white space", " \n", /found nothing/],
    ["half of it", JSON.stringify(answer).slice(0, 80), /expected one JSON object and nothing else/],
    ["a log line before it", `ready\n${JSON.stringify(answer)}`, /nothing else/],
    ["two of it", JSON.stringify(answer).repeat(2), /nothing else/],
    ["null", "null", /expected object/],
    ["an empty object", "{}", /key entryUrl/],
    ["an empty list", "[]", /expected object/],
    ["no instances", JSON.stringify({ ...answer, instances: undefined }), /key instances/],
    ["an unknown key", JSON.stringify({ ...answer, weights: 1 }), /keys of the contract, found "weights"/],
    ["a misspelt counter", JSON.stringify({ ...answer, instances: [{ ...instance, oomkills: 1 }] }), /"oomkills"/],
    ["no restarts", JSON.stringify(without("restarts")), /key instances\.0\.restarts/],
    ["no out-of-memory kills", JSON.stringify(without("oomKills")), /key instances\.0\.oomKills/],
    ["no digest", JSON.stringify(without("digest")), /key instances\.0\.digest/],
    ["no url where one was promised", JSON.stringify(without("url")), /target\.instanceUrls is true/],
    [
      "a state of another world",
      JSON.stringify({ ...answer, instances: [{ ...instance, state: "Running" }] }),
      /found "Running"/,
    ],
    [
      "a tag for a digest",
      JSON.stringify({ ...answer, pools: [{ ...pool, digest: "shop:1.0.0" }] }),
      /key pools\.0\.digest: expected sha256/,
    ],
    ["a negative counter", JSON.stringify({ ...answer, instances: [{ ...instance, restarts: -1 }] }), /restarts/],
    ["an entry that is no URL", JSON.stringify({ ...answer, entryUrl: "shop" }), /key entryUrl: expected a URL/],
    [
      "weights that do not add up",
      JSON.stringify({ ...answer, pools: [{ ...pool, weightPct: 60 }] }),
      /add up to 100 or 0, found 60/,
    ],
    [
      "a version twice",
      JSON.stringify({
        ...answer,
        pools: [
          { ...pool, weightPct: 50 },
          { ...pool, weightPct: 50 },
        ],
      }),
      /twice/,
    ],
    ["an instance twice", JSON.stringify({ ...answer, instances: [instance, instance] }), /two of them have the id/],
  ])("%s is an error that says what was expected, and never an empty environment", (_name, text, says) => {
    const error = refusal(() => readObserve(text, PROMISED, NOW));
    expect(error.message).toMatch(says);
    expect(error.retryable).toBe(false);
    expect(error.next).toContain("target.observe.command");
  });

  const OTHER = "2.0.0";
  const twoOf = (urls: { entry?: string; pools?: (string | undefined)[]; instances?: string[] }) => {
    const versions = [pool.version, OTHER];
    return JSON.stringify({
      entryUrl: urls.entry ?? "http://entry.test",
      pools: versions.map((version, at) => ({ ...pool, version, weightPct: 50, url: urls.pools?.[at] })),
      instances: versions.map((version, at) => ({ ...instance, id: `i${at}`, version, url: urls.instances?.[at] })),
    });
  };
  const BY_VERSION = { instanceUrls: false, versionUrls: true, measuresTraffic: false };

  test("gives a URL of each version where one is promised", () => {
    const live = readObserve(twoOf({ pools: ["http://a.test/", "http://b.test"] }), BY_VERSION, NOW);
    expect(live.versionUrls).toEqual({ [pool.version]: "http://a.test", [OTHER]: "http://b.test" });
    expect(Object.keys(live.pools[0] ?? {})).not.toContain("url");
  });

  test.each([
    ["no url of a version where one was promised", twoOf({ pools: ["http://a.test"] }), /versionUrls is true.*2\.0\.0/],
    ["one url for two versions", twoOf({ pools: ["http://a.test", "http://a.test/"] }), /found that of version/],
    [
      "the entry as the url of a version",
      twoOf({ pools: ["http://a.test", "http://entry.test/"] }),
      /that of entryUrl/,
    ],
    [
      "one url for two instances",
      twoOf({ pools: ["http://a.test", "http://b.test"], instances: ["http://c.test", "http://c.test"] }),
      /found that of "i0" at "i1"/,
    ],
  ])("%s could not tell versions apart and is refused", (_name, text, says) => {
    expect(refusal(() => readObserve(text, BY_VERSION, NOW)).message).toMatch(says);
  });

  test("without measurements is refused where they were promised, and read where they were not", () => {
    const error = refusal(() => readObserve(JSON.stringify(answer), { ...PROMISED, measuresTraffic: true }, NOW));
    expect(error.message).toContain("target.measuresTraffic is true");
    const measured = { ...answer, measured: { requests: 10, sharePct: { "1.0.0": 100 } } };
    expect(readObserve(JSON.stringify(measured), PROMISED, NOW)).toMatchObject({
      measuredRequests: 10,
      measuredSharePct: { "1.0.0": 100 },
    });
  });

  test("cut off anywhere is never an environment", () => {
    const text = JSON.stringify(answer);
    for (let length = 0; length < text.length; length += 1) {
      refusal(() => readObserve(text.slice(0, length), PROMISED, NOW));
    }
  });
});

describe("an answer of resolve", () => {
  test("is a digest", () => expect(readResolve(`{"digest":"${D1}"}`)).toBe(D1));
  test.each(["", D1, "{}", `{"digest":"latest"}`, `{"digest":"${D1}","tag":"x"}`])("%j is none", (text) => {
    expect(refusal(() => readResolve(text)).message).toContain("resolve");
  });
});

describe("an environment read back", () => {
  const live = (pools: object[], instances: object[]) => ({ pools, instances }) as unknown as LiveState;
  const want = [pool] as unknown as Pool[];
  test.each<[string, LiveState, string | undefined, boolean]>([
    ["as asked", live([pool], [instance]), undefined, false],
    [
      "with an empty pool beside",
      live([pool, { ...pool, version: "2.0.0", instances: 0, weightPct: 0 }], [instance]),
      undefined,
      false,
    ],
    ["without the pool", live([], []), "expected a pool of 1.0.0, found none", false],
    ["with another digest", live([{ ...pool, digest: D2 }], [instance]), "found sha256:2", true],
    ["with another number", live([{ ...pool, instances: 2 }], [instance]), "expected 1 instances", false],
    ["with another weight", live([{ ...pool, weightPct: 90 }], [instance]), "expected 100 %", false],
    ["not ready", live([pool], [{ ...instance, state: "starting" }]), "found 0", false],
    ["running something else", live([pool], [{ ...instance, digest: D2 }]), "found sha256:2", true],
    [
      "with an old build going",
      live([pool], [instance, { ...instance, id: "b", digest: D2, state: "draining" }]),
      undefined,
      false,
    ],
    [
      "with a version too many",
      live([pool, { ...pool, version: "2.0.0", weightPct: 0 }], [instance]),
      "no instance of 2.0.0",
      false,
    ],
  ])("%s", (_name, seen, says, final) => {
    const short = shortfall(want, seen);
    if (says === undefined) expect(short).toBeUndefined();
    else {
      expect(short?.text).toContain(says);
      expect(short?.final).toBe(final);
    }
  });
});
