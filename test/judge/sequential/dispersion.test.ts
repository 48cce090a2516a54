import { describe, expect, it } from "vitest";
import { calibratePhi, type HalvesPoll, startDispersion, stepDispersion } from "../../../mcp-server/judge/index.ts";
import { poisson, uniform } from "./random.ts";

/** A history of `minutes`, polled every 10 s; failures come in clusters that land in one half each. */
function history(minutes: number, o: { clusterSize: number; perPoll?: number; seed?: number }): HalvesPoll[] {
  const random = uniform(o.seed ?? 1);
  return Array.from({ length: minutes * 6 }, () => {
    const events = [0, 0];
    const clusters = poisson((o.perPoll ?? 10) / o.clusterSize, random);
    for (let i = 0; i < clusters; i += 1) {
      const half = random() < 0.5 ? 0 : 1;
      events[half] = (events[half] ?? 0) + o.clusterSize;
    }
    const half = (i: number) => ({ exposure: 500, events: events[i] ?? 0 });
    return { seconds: 10, halves: [half(0), half(1)] };
  });
}

describe("calibration of dispersion", () => {
  it("takes independent errors for what they are", () => {
    const phis = Array.from({ length: 40 }, (_, seed) => calibratePhi(history(30, { clusterSize: 1, seed })).phi);
    expect(phis.filter((phi) => phi === 1).length).toBeGreaterThanOrEqual(30);
    expect(Math.max(...phis)).toBeLessThan(3);
  });

  it("measures clusters of five as a dispersion near five", () => {
    const phis = Array.from({ length: 20 }, (_, seed) => calibratePhi(history(30, { clusterSize: 5, seed })).phi);
    expect(Math.min(...phis)).toBeGreaterThan(2.5);
    expect(phis.reduce((sum, phi) => sum + phi, 0) / 20).toBeGreaterThan(4);
    expect(phis.reduce((sum, phi) => sum + phi, 0) / 20).toBeLessThan(8);
  });

  it("sees slow noise that a minute does not show in windows of three", () => {
    const random = uniform(3);
    const slow = Array.from({ length: 60 * 6 }, (_, i) => {
      const lean = Math.floor(i / 18) % 2 === 0 ? 1.5 : 0.5;
      const half = (level: number) => ({ exposure: 500, events: poisson(5 * level, random) });
      return { seconds: 10, halves: [half(lean), half(2 - lean)] as const };
    });
    const { phi } = calibratePhi(slow);
    const minutesOnly = slow.reduce(stepDispersion, startDispersion("rare")).windows[0];
    expect(phi).toBeGreaterThan(1.5 * ((2 + (minutesOnly?.squares ?? 0)) / ((minutesOnly?.informative ?? 0) + 1)));
  });

  it.each([
    ["nine minutes", history(9, { clusterSize: 5 }), { phi: 1, status: "too-few", windows: 9 }],
    ["nothing", [], { phi: 1, status: "too-few", windows: 0 }],
    ["half an hour without one error", history(30, { clusterSize: 1, perPoll: 0 }), { phi: 2, status: "calibrated" }],
    ["clusters of a hundred", history(30, { clusterSize: 100, perPoll: 100 }), { status: "too-noisy" }],
  ])("of %s", (_, polls, expected) => {
    expect(calibratePhi(polls)).toMatchObject(expected);
  });

  it("allows for the ceiling of a share that is not rare", () => {
    const random = uniform(5);
    const draws = () => Array.from({ length: 100 }, random).filter((u) => u < 0.9).length;
    const polls = Array.from({ length: 180 }, () => {
      const half = () => ({ exposure: 100, events: draws() });
      return { seconds: 10, halves: [half(), half()] as const };
    });
    const raw = (scatter: "rare" | "share") =>
      polls.reduce(stepDispersion, startDispersion(scatter)).windows[0]?.squares;
    expect(raw("share")).toBeGreaterThan(15);
    expect(raw("rare")).toBeLessThan(8);
  });

  it("survives JSON, leaves out polls without a length, and refuses impossible counts", () => {
    const polls = history(20, { clusterSize: 5 });
    const half = JSON.parse(JSON.stringify(polls.slice(0, 50).reduce(stepDispersion, startDispersion("rare"))));
    expect(polls.slice(50).reduce(stepDispersion, half)).toEqual(polls.reduce(stepDispersion, startDispersion("rare")));
    const fresh = startDispersion("rare");
    const counts = { exposure: 1, events: 0 };
    expect(stepDispersion(fresh, { seconds: 0, halves: [counts, counts] })).toBe(fresh);
    expect(() => stepDispersion(fresh, { seconds: 10, halves: [counts, { exposure: Number.NaN, events: 0 }] })).toThrow(
      /half of the baseline/,
    );
  });
});
