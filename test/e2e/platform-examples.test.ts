import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Fronts } from "./platform-fronts.ts";
import { makePlatformWorld, type PlatformWorld } from "./platform-world.ts";
import type { Edit } from "./world.ts";

/**
 * All that is changed in the examples' own deploy.yaml, beside ports: times, which real users' floors would not allow, how
 * many requests a short time has, and how far a busy machine may look like a bad release.
 */
const SHORTER: readonly Edit[] = [
  [["target", "production"], false],
  [["canary", "stageDuration"], "3s"],
  [["observe"], "5s"],
  [["staging", "observe"], "4s"],
  [["metrics", "poll"], "1s"],
  [["probes", "ratePerSecond"], 20],
  [["waits"], { rollbackVerify: "2s", decisionUnattended: "20s" }],
  [["judge"], { warmupPolls: 2 }],
  [["triggers"], { errorRatePp: 20, latencyP99Pct: 5_000 }],
  [["regressionThreshold"], 100],
  [["slo", "latencyP99Ms"], 8_000],
];

const observed = (name: string) => ["target", "observe", "env", name];

/** `https://shop.example.com` becomes an address on this machine. */
const entryUrls = ({ entries }: Fronts): readonly Edit[] => [
  [observed("ENTRY_URL_STAGING"), `http://127.0.0.1:${entries.staging}`],
  [observed("ENTRY_URL_PRODUCTION"), `http://127.0.0.1:${entries.production}`],
];

/** Deploys and says everything that was printed when it does not end as expected. */
async function expectOutcome(world: PlatformWorld, words: readonly string[], outcome: string, code: number) {
  const done = await world.deploy("run", ...words);
  expect(done.out + done.err).toContain(`OUTCOME ${outcome}`);
  expect(done.code).toBe(code);
  return done;
}

describe.concurrent("the example for Kubernetes, against a program that imitates kubectl", { timeout: 600_000 }, () => {
  let world: PlatformWorld;
  beforeAll(async () => {
    world = await makePlatformWorld("kubernetes", {
      usersPerSecond: 20,
      edits: (fronts) => [
        ...SHORTER,
        ...entryUrls(fronts),
        [["probes", "recordFor"], "4s"],
        [observed("POD_URL"), `http://127.0.0.1:${fronts.copiesPort}/api/v1/namespaces/{env}/pods/{pod}:8080/proxy`],
      ],
    });
    world.publish("1.0.0");
    world.publish("1.1.0");
    world.publish("1.2.0", { failsUnderUsers: true });
    world.publish("1.3.0");
  });
  afterAll(() => world.close());

  it("is planned and deployed, as a canary, back from a bad release, and by the entry alone", async () => {
    expect(await world.deploy("plan", "1.0.0", "--first-deploy")).toMatchObject({ code: 0, err: "" });
    await expectOutcome(world, ["1.0.0", "--first-deploy"], "SUCCESS: production runs 1.0.0", 0);
    const next = await expectOutcome(world, ["1.1.0"], "SUCCESS: production runs 1.1.0", 0);
    expect(next.out).toMatch(/send 80 % 1\.0\.0 \+ 20 % 1\.1\.0/);
    await expectOutcome(world, ["1.2.0"], "ROLLED_BACK: production runs 1.1.0", 20);
    expect(await world.serving()).toEqual(["1.1.0"]);

    world.edit([
      [["target", "instanceUrls"], false],
      [observed("POD_URL"), undefined],
    ]);
    const refused = await world.deploy("plan", "1.3.0");
    expect(refused.err).toMatch(/probe traffic cannot tell two versions apart[\s\S]*strategy: blue-green/);
    world.edit([
      [["strategy"], "blue-green"],
      [["canary"], undefined],
    ]);
    await expectOutcome(world, ["1.3.0"], "SUCCESS: production runs 1.3.0", 0);
    expect(await world.serving()).toEqual(["1.3.0"]);
  });
});

describe.concurrent("the example for docker compose, against a program that imitates docker", {
  timeout: 600_000,
}, () => {
  let world: PlatformWorld;
  beforeAll(async () => {
    world = await makePlatformWorld("compose", {
      usersPerSecond: 120,
      edits: (fronts) => [...SHORTER, ...entryUrls(fronts), [observed("PORT"), String(fronts.copiesPort)]],
    });
    world.publish("1.0.0");
    world.publish("1.1.0");
    world.publish("1.2.0", { failsUnderUsers: true });
  });
  afterAll(() => world.close());

  it("is planned and deployed, as a canary, and back from a bad release", async () => {
    expect(await world.deploy("plan", "1.0.0", "--first-deploy")).toMatchObject({ code: 0, err: "" });
    await expectOutcome(world, ["1.0.0", "--first-deploy"], "SUCCESS: production runs 1.0.0", 0);
    const next = await expectOutcome(world, ["1.1.0"], "SUCCESS: production runs 1.1.0", 0);
    expect(next.out).toMatch(/send 95 % 1\.0\.0 \+ 5 % 1\.1\.0/);
    await expectOutcome(world, ["1.2.0"], "ROLLED_BACK: production runs 1.1.0", 20);
    expect(await world.serving()).toEqual(["1.1.0"]);
  });
});
