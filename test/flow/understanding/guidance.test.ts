import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Finding } from "../../../mcp-server/flow/understanding/finding.ts";
import { readGuidance } from "../../../mcp-server/flow/understanding/guidance.ts";

/** Findings as `about=value`, remarks by what they begin with. */
function meant(text: string): string[] {
  return readGuidance(text).findings.map(shown);
}

function shown(finding: Finding): string {
  if (finding.about === "remark") return finding.value.startsWith("not applied") ? "not applied" : "noted";
  return "value" in finding ? `${finding.about}=${finding.value}` : finding.about;
}

describe("guidance is read by a closed vocabulary", () => {
  it.each<[string, string[]]>([
    ["Zero-downtime critical, use blue-green strategy", ["downtime=zero", "strategy=blue-green"]],
    ["High-risk release, progressive canary with 5% → 25% → 100%", ["risk=high", "strategy=canary", "stages=5,25,100"]],
    ["Database migration included, need extended maintenance window", ["migrations=included", "noted"]],
    [
      "First production deployment, extra validation and monitoring",
      ["first-deploy", "observe-longer", "depth=thorough"],
    ],
    ["Zero downtime is not critical, never use blue-green strategy", ["downtime=acceptable", "avoid=blue-green"]],
    ["Not a high-risk release, no canary with 5% → 25% → 100%", ["not applied", "avoid=canary", "not applied"]],
    ["No database migration, no maintenance window", ["migrations=none", "not applied"]],
    ["Not the first production deployment, without extra monitoring", ["not applied", "not applied"]],
    ["avoid canary", ["avoid=canary"]],
    ["avoid canary and rolling updates", ["avoid=canary", "avoid=rolling"]],
    ["neither canary nor rolling", ["avoid=canary", "avoid=rolling"]],
    ["instead of canary use blue-green", ["avoid=canary", "strategy=blue-green"]],
    ["use blue-green instead of canary", ["strategy=blue-green", "avoid=canary"]],
    ["canary, not blue-green", ["strategy=canary", "avoid=blue-green"]],
    ["canary is not an option", ["avoid=canary"]],
    ["a canary must be avoided", ["avoid=canary"]],
    ["anything but canary", ["avoid=canary"]],
    ["we don’t want a canary", ["avoid=canary"]],
    ["not only canary", ["strategy=canary"]],
    ["don't avoid canary", ["not applied"]],
    ["no canary, rolling", ["avoid=canary", "not applied"]],
    ["no canary, use rolling", ["avoid=canary", "strategy=rolling"]],
    ["Avoid:\n- canary\n- rolling", ["not applied", "not applied"]],
    ["if it fails use rolling", ["not applied"]],
    ["should we use canary?", ["not applied"]],
    ["the canary failed last time", ["not applied"]],
    ["rolling back is fine", []],
    ["update node by node", ["strategy=rolling"]],
    ["stages 5, 25, 50, 100 %", ["stages=5,25,50,100"]],
    ["5% → 25%", []],
    ["60 min observation", ["observe=3600000"]],
    ["please monitor for 2 hours", ["observe=7200000"]],
    ["zero tolerance", ["threshold=0"]],
    ["no regressions allowed", ["threshold=0"]],
    ["allow up to 5% regression", ["threshold=5"]],
    ["instant rollback required", ["rollback-tolerance=60000"]],
    ["rollback within 5 minutes", ["rollback-tolerance=300000"]],
    ["automatic rollback", ["rollback-on-regression"]],
    ["no automatic rollback", ["not applied"]],
    ["manual rollback", ["not applied"]],
    ["skip smoke tests", ["not applied"]],
    ["do not skip tests", ["noted"]],
    ["minimal validation", ["not applied"]],
    ["error rate below 0.05%, p99 under 300 ms", ["slo-error-rate=0.05", "slo-latency-p99=300"]],
    ["urgent, deploy tonight", ["noted", "noted"]],
    ["", []],
  ])("%j", (text, expected) => {
    expect(meant(text)).toEqual(expected);
  });

  it("names what it does not know as commentary, with the words", () => {
    const { findings, commentary } = readGuidance("Use canary. The CEO is watching; be nice.");
    expect(findings).toEqual([{ about: "strategy", value: "canary", words: "Use canary" }]);
    expect(commentary).toEqual(["The CEO is watching", "be nice"]);
  });

  it("keeps no secret in the words", () => {
    expect(JSON.stringify(readGuidance("the password=hunter22 is old"))).not.toContain("hunter22");
  });

  it("means the same whatever the case", () => {
    const text = "Zero-downtime critical, never canary, extra monitoring";
    expect(meant(text.toUpperCase())).toEqual(meant(text));
  });

  it("is quick on hostile text", () => {
    for (const piece of ["extra ", "5% -> ", "not ", "monitor for ", "no no ", "a and ", "1.", "(", "canary,"]) {
      const started = performance.now();
      readGuidance(piece.repeat(2_000 / piece.length));
      expect(performance.now() - started, piece).toBeLessThan(500);
    }
  });

  it("finds nothing in words outside the vocabulary", () => {
    const word = fc.constantFrom("the", "team", "is", "happy", "about", "blue", "green", "shop", "tea", "%", "7");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(" ").replaceAll(/blue( green)+/g, "blue");
        expect(readGuidance(text).findings).toEqual([]);
      }),
    );
  });
});
