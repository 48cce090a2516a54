import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { pickBackend, type Routable, type Route } from "../../mcp-server/target/sandbox/routing.ts";
import type { InstanceState, Version } from "../../mcp-server/vocab/index.ts";

interface Named extends Routable {
  readonly id: string;
}

function backend(id: string, o: { state?: InstanceState; alive?: boolean; inFlight?: number } = {}): Named {
  const version = id.slice(0, 1) as Version;
  return { id, version, alive: o.alive ?? true, state: o.state ?? "ready", inFlight: o.inFlight ?? 0 };
}

function route(version: string, weightPct: number, ...backends: Named[]): Route<Named> {
  return { version: version as Version, weightPct, backends };
}

describe("a request goes", () => {
  const a1 = backend("a1");
  const b1 = backend("b1");
  test.each<[string, readonly Route<Named>[], number, string | undefined]>([
    ["nowhere without routes", [], 0.5, undefined],
    ["below the first boundary to the first version", [route("a", 30, a1), route("b", 70, b1)], 0.2999, "a1"],
    ["from the boundary on to the second", [route("a", 30, a1), route("b", 70, b1)], 0.3, "b1"],
    ["to the last version at the very end", [route("a", 30, a1), route("b", 70, b1)], 1 - 2 ** -53, "b1"],
    ["never to weight 0", [route("a", 0, a1)], 0.5, undefined],
    ["past weight 0", [route("a", 0, a1), route("b", 100, b1)], 0, "b1"],
    [
      "to the other version when one is down",
      [route("a", 99, backend("a1", { alive: false })), route("b", 1, b1)],
      0.5,
      "b1",
    ],
    [
      "to the least busy instance",
      [route("a", 100, backend("a1", { inFlight: 3 }), backend("a2", { inFlight: 2 }))],
      0.7,
      "a2",
    ],
    [
      "past an unhealthy instance",
      [route("a", 100, backend("a1", { state: "unhealthy" }), backend("a2", { inFlight: 9 }))],
      0.1,
      "a2",
    ],
    [
      "to an unhealthy instance when its version has no other",
      [route("a", 100, backend("a1", { state: "unhealthy" }))],
      0.1,
      "a1",
    ],
    ["never to a draining one", [route("a", 100, backend("a1", { state: "draining" }))], 0.1, undefined],
    ["never to one that is starting", [route("a", 100, backend("a1", { state: "starting" }))], 0.1, undefined],
  ])("%s", (_name, routes, draw, expected) => {
    expect(pickBackend(routes, draw)?.id).toBe(expected);
  });

  test("the second time to another instance of the same version, else to another version", () => {
    const a2 = backend("a2", { inFlight: 50 });
    expect(pickBackend([route("a", 10, a1, a2), route("b", 90, b1)], 0.9, a1)?.id).toBe("a2");
    expect(pickBackend([route("a", 90, a1), route("b", 10, b1)], 0.1, a1)?.id).toBe("b1");
    expect(pickBackend([route("a", 100, a1)], 0.1, a1)).toBeUndefined();
  });

  test("only where there is weight and life, for any routes and any draw", () => {
    const anyBackend = (version: string) =>
      fc
        .record({
          alive: fc.boolean(),
          state: fc.constantFrom<InstanceState>("starting", "ready", "unhealthy", "draining", "stopped"),
          inFlight: fc.nat(5),
        })
        .map((o) => backend(`${version}${Math.random()}`, o));
    const anyRoutes = fc.tuple(
      ...["a", "b", "c"].map((version) =>
        fc
          .tuple(fc.integer({ min: 0, max: 100 }), fc.array(anyBackend(version), { maxLength: 4 }))
          .map(([weightPct, backends]) => route(version, weightPct, ...backends)),
      ),
    );
    fc.assert(
      fc.property(anyRoutes, fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (routes, draw) => {
        const usable = (one: Named) => one.alive && (one.state === "ready" || one.state === "unhealthy");
        const open = routes.filter((one) => one.weightPct > 0 && one.backends.some(usable));
        const picked = pickBackend(routes, draw);
        expect(picked !== undefined).toBe(open.length > 0);
        if (picked === undefined) return;
        const from = open.find((one) => one.version === picked.version);
        expect(usable(picked)).toBe(true);
        const better = from?.backends.filter((one) => usable(one) && one.state === "ready") ?? [];
        if (better.length > 0) expect(picked.state).toBe("ready");
      }),
    );
  });

  test("evenly over the draws: each version gets its weight", () => {
    const routes = [route("a", 95, a1), route("b", 5, b1)];
    const hits = Array.from({ length: 10_000 }, (_, n) => pickBackend(routes, n / 10_000)?.version);
    expect(hits.filter((version) => version === "b")).toHaveLength(500);
  });

  test("to idle instances of a version in turn of the draw, not always to the first", () => {
    const routes = [route("a", 100, a1, backend("a2"))];
    const seen = Array.from({ length: 1_000 }, (_, n) => pickBackend(routes, (n * 0.618_033_988_7) % 1)?.id);
    expect(seen.filter((id) => id === "a2").length).toBeGreaterThan(400);
    expect(seen.filter((id) => id === "a2").length).toBeLessThan(600);
  });
});
