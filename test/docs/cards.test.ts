import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";

const FOLDER = join(import.meta.dirname, "../../templates/cards");
const read = (name: string) => readFileSync(join(FOLDER, name), "utf8");

/** Per card, what a person must find a place for. */
const FIELDS: Record<string, readonly string[]> = {
  "deployment-plan-card.md": [
    "Digest",
    "Strategy",
    "Capacity",
    "Migrations",
    "Undone by",
    "Plan hash",
    "Regression threshold",
  ],
  "rollback-plan-card.md": [
    "Triggers",
    "Who decides",
    "Last rehearsal",
    "Side effects",
    "When it has succeeded",
    "If it fails",
  ],
  "slo-definition-template.md": [
    "Availability",
    "Error rate",
    "Latency p99",
    "Throughput",
    "Error budget",
    "Least samples",
  ],
  "smoke-test-checklist.md": [
    "health",
    "authentication",
    "business",
    "database",
    "integrations",
    "monitoring",
    "Priority",
  ],
  "deployment-report-template.md": Array.from({ length: 11 }, (_, index) => `## ${index + 1}. `),
  "incident-report-template.md": [
    "Severity",
    "Timeline",
    "Impact",
    "Preserved evidence",
    "Supposed, not shown",
    "Review",
    "Told",
  ],
  "gate-criteria.md": [
    "SEC-1",
    "REL-1",
    "TST-1",
    "APR-1",
    "ENV-1",
    "ART-1",
    "RBK-1",
    "OPS-1",
    "INCONCLUSIVE",
    "CRITICAL",
  ],
};

describe("cards to fill in by hand", () => {
  test("are these", () => expect(readdirSync(FOLDER).sort()).toEqual(Object.keys(FIELDS).sort()));

  test.each(Object.entries(FIELDS))("%s has a place for every field", (name, fields) => {
    for (const field of fields) expect(read(name)).toContain(field);
  });

  test.each(Object.keys(FIELDS))("%s has tables whose rows fit their heads", (name) => {
    let columns: number | undefined;
    for (const line of read(name).split("\n")) {
      if (!line.startsWith("|")) columns = undefined;
      else {
        const own = line.split("|").length;
        columns ??= own;
        expect(own, line).toBe(columns);
      }
    }
  });
});
