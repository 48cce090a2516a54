import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { ROOT, tableRows } from "./pages.ts";

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const ROWS = tableRows(read("docs/coverage.md"));
const DEPARTURES = tableRows(read("docs/decisions/0007-departures.md")).map(([id = ""]) => id);

/** A test as the table names it: its file and its title, which stands there as a string. */
const PROOF = /`(test\/[^`]+\.test\.ts)`: "([^"]+)"/g;

const pathsIn = (cell: string) => [...cell.matchAll(/`([^`]+)`/g)].map(([, path = ""]) => path);

describe("docs/coverage.md", () => {
  it("has a table and no row with an empty or missing cell", () => {
    expect(ROWS.length).toBeGreaterThan(300);
    expect(ROWS.filter((row) => row.length !== 4 || row.some((cell) => cell === ""))).toEqual([]);
  });

  it("says nothing twice", () => {
    const items = ROWS.map(([item = ""]) => item.toLowerCase());
    expect(items.filter((item, index) => items.indexOf(item) !== index)).toEqual([]);
  });

  it("counts all agent tasks", () => {
    const numbers = ROWS.flatMap(([item = ""]) => /^Agent task (\d+):/.exec(item)?.slice(1).map(Number) ?? []);
    expect(numbers).toEqual(Array.from({ length: 27 }, (_, index) => index + 1));
  });

  it("names where each item is: files that exist, and nothing else", () => {
    const bare = ROWS.filter(
      ([, where = ""]) => pathsIn(where).length === 0 || /[^`, ]/.test(where.replace(/`[^`]+`/g, "")),
    );
    expect(bare).toEqual([]);
    const missing = ROWS.flatMap(([, where = ""]) => pathsIn(where)).filter((path) => !existsSync(join(ROOT, path)));
    expect(missing).toEqual([]);
  });

  it("names for each item tests that exist, by file and title, and nothing else", () => {
    const bare = ROWS.filter(([, , tests = ""]) => tests.replace(PROOF, "").replaceAll("<br>", "") !== "");
    expect(bare).toEqual([]);
    const proofs = ROWS.flatMap(([, , tests = ""]) => [...tests.matchAll(PROOF)]);
    const unfound = proofs.filter(
      ([, file = "", title]) => !existsSync(join(ROOT, file)) || !read(file).includes(`"${title}"`),
    );
    expect(unfound.map(([proof]) => proof)).toEqual([]);
  });

  it("agrees with the departures: each that it names is explained, each that is explained is named", () => {
    const named = new Set(ROWS.flatMap(([, , , departure = ""]) => departure.match(/\bD\d+\b/g) ?? []));
    expect([...named].filter((id) => !DEPARTURES.includes(id))).toEqual([]);
    expect(DEPARTURES.filter((id) => !named.has(id))).toEqual([]);
  });
});
