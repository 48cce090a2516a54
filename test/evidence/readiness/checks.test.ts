import { readFileSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ReadinessConfig, readinessProblems } from "../../../mcp-server/evidence/index.ts";
import { fakeExec } from "../../fakes/index.ts";
import { checkRoom } from "./world.ts";

const DAY = 86_400_000;
const fixture = (name: string) => readFileSync(join(import.meta.dirname, "../../fixtures/readiness", name), "utf8");

let room: ReturnType<typeof checkRoom>;
beforeEach(() => {
  room = checkRoom();
});
afterEach(() => room.end());

describe("a command", () => {
  const node = (code: string) => ({ kind: "command", command: [process.execPath, "-e", code] });

  it.each([
    ["code 0", "", "pass"],
    ["another code", "console.error('2 dashboards are red'); process.exit(3)", "fail"],
    ["a code for what could not be run", "process.exit(127)", "unknown"],
    ["killed", "process.kill(process.pid, 'SIGKILL')", "unknown"],
  ] as const)("%s", async (_, code, status) => {
    expect((await room.check(node(code))).status).toBe(status);
  });

  it("quotes the last line, without secrets", async () => {
    const { text } = await room.check(node("console.error('token=abcdef0123456789 expired'); process.exit(1)"));
    expect(text).toContain("[redacted]");
    expect(text).not.toContain("abcdef0123456789");
  });

  it("is unknown when it runs out of time or cannot be started", async () => {
    const slow = await room.check({ ...node("setTimeout(() => {}, 60_000)"), timeout: "300ms" });
    expect(slow).toMatchObject({ status: "unknown", text: expect.stringContaining("timeout") });
    const missing = await room.check({ kind: "command", command: ["no-such-program-here"] });
    expect(missing.status).toBe("unknown");
  });

  it("gets the version, and no variable that was not named", async () => {
    const exec = fakeExec();
    await room.check({ kind: "command", command: ["scan", "{version}", "{digest}"], env: { A: "1" } }, { exec });
    expect(exec.calls[0]?.argv.slice(0, 2)).toEqual(["scan", "2.0.0"]);
    expect(exec.calls[0]?.options.env).not.toHaveProperty("npm_lifecycle_event");
  });

  it("ends with the run", async () => {
    await expect(
      room.check(node("setTimeout(() => {}, 60_000)"), { signal: AbortSignal.timeout(100) }),
    ).rejects.toThrow();
  });
});

describe("an HTTP probe", () => {
  const probe = { kind: "http", url: "http://db.test/health" };
  const json = (condition: object) => ({ ...probe, json: { path: "data.result.0.value.1", ...condition } });
  const answer = (value: unknown) => JSON.stringify({ data: { result: [{ value: [1, value] }] } });

  it.each([
    ["as expected", probe, "ok", "pass"],
    ["another status", probe, { status: 503 }, "fail"],
    ["nobody answers", probe, undefined, "fail"],
    ["this machine cannot ask", probe, Object.assign(new Error("too many files"), { code: "EMFILE" }), "unknown"],
    ["no JSON", json({ atMost: 1 }), "<html>", "unknown"],
    ["the value is not there", json({ atMost: 1 }), "{}", "unknown"],
    ["a number in a text", json({ atMost: 1 }), answer("0.5"), "pass"],
    ["at the limit", json({ atMost: 0.5 }), answer("0.5"), "pass"],
    ["over the limit", json({ atMost: 0.4 }), answer("0.5"), "fail"],
    ["under the limit", json({ atLeast: 1 }), answer(0), "fail"],
    ["NaN", json({ atMost: 1 }), answer("NaN"), "unknown"],
    ["equal", json({ equals: "green" }), answer("green"), "pass"],
    ["not equal", json({ equals: "green" }), answer("red"), "fail"],
  ] as const)("%s", async (_, check, answers, status) => {
    if (answers !== undefined) room.http.routes[probe.url] = answers as string;
    expect((await room.check(check)).status).toBe(status);
  });
});

describe("a file", () => {
  it.each([
    ["young", 0, "pass"],
    ["at its age", DAY, "pass"],
    ["too old", DAY + 1, "unknown"],
    ["from the next minute", -59_000, "pass"],
    ["from the future", -61_000, "unknown"],
  ] as const)("%s", async (_, ageMs, status) => {
    room.file("on-call.json", "{}", ageMs);
    expect((await room.check({ kind: "file", file: "on-call.json" })).status).toBe(status);
  });

  it.each([
    ["confirmed", { at: 0, confirmed: true }, "pass"],
    ["not confirmed", { at: 0, confirmed: false }, "fail"],
    ["its own time is too old", { at: 2 * DAY, confirmed: true }, "unknown"],
  ] as const)("that says when it was written: %s", async (_, { at, confirmed }, status) => {
    room.file("on-call.json", JSON.stringify({ at: room.ago(at), confirmed }));
    const json = { path: "confirmed", equals: true };
    const found = await room.check({ kind: "file", file: "on-call.json", dated: "at", json });
    expect(found.status).toBe(status);
    if (status === "pass") expect(found.validUntil).toBe(room.ago(-DAY));
  });

  it.each([["missing.json"], ["../outside.json"], ["/etc/hostname"], ["."]])("is unknown: %s", async (file) => {
    expect((await room.check({ kind: "file", file })).status).toBe("unknown");
  });

  it("is unknown when it is no JSON or its time is none", async () => {
    room.file("on-call.json", "{");
    const check = { kind: "file", file: "on-call.json", dated: "at" };
    expect((await room.check(check)).status).toBe("unknown");
    room.file("on-call.json", '{"at":"yesterday"}');
    expect((await room.check(check)).status).toBe("unknown");
  });
});

describe("test reports", () => {
  const report = (...cases: string[]) =>
    `<testsuites><testsuite name="it" tests="${cases.length}">${cases.join("")}</testsuite></testsuites>`;
  const passed = '<testcase classname="it" name="adds"/>';
  const failed = '<testcase classname="it" name="pays"><failure message="no"/></testcase>';
  const skipped = '<testcase classname="it" name="prints"><skipped/></testcase>';
  const check = { kind: "tests", reports: ["it-{version}.xml"] };

  it.each([
    ["all pass", report(passed), {}, "pass"],
    ["one fails", report(passed, failed), {}, "fail"],
    ["one is skipped", report(passed, skipped), {}, "fail"],
    ["a listed one is skipped", report(passed, skipped), { allowSkipped: ["prints"] }, "pass"],
    ["only skipped", report(skipped), { allowSkipped: ["prints"] }, "unknown"],
    ["no test at all", report(), {}, "unknown"],
    ["cut off", report(passed).slice(0, -20), {}, "unknown"],
  ] as const)("%s", async (_, text, more, status) => {
    room.file("it-2.0.0.xml", text);
    expect((await room.check({ ...check, ...more })).status).toBe(status);
  });

  it("are unknown when they are missing, or one of them is old", async () => {
    expect((await room.check(check)).status).toBe("unknown");
    room.file("it-2.0.0.xml", report(passed));
    room.file("old.xml", report(passed), 4 * DAY);
    expect((await room.check({ ...check, reports: ["*.xml"] })).status).toBe("unknown");
  });
});

describe("SARIF", () => {
  const check = { kind: "sarif", file: "scan.sarif" };
  const accepted = { id: "CVE-2024-0001", owner: "ada", reason: "not reachable", until: "2099-01-01" };
  const edited = (
    edit: (run: { results: object[]; tool: { driver: { rules: { properties: object }[] } } }) => void,
  ) => {
    const report = JSON.parse(fixture("image.sarif"));
    edit(report.runs[0]);
    return JSON.stringify(report);
  };

  it.each([
    ["a high one", fixture("image.sarif"), {}, "fail"],
    ["a high one, accepted", fixture("image.sarif"), { accepted: [accepted] }, "pass"],
    ["accepted until yesterday", fixture("image.sarif"), { accepted: [{ ...accepted, until: "2020-01-01" }] }, "fail"],
    ["another one accepted", fixture("image.sarif"), { accepted: [{ ...accepted, id: "CVE-1" }] }, "fail"],
    ["only critical ones count", fixture("image.sarif"), { failOn: "critical" }, "pass"],
    ["no score, level error", fixture("biome.sarif"), {}, "fail"],
    ["nothing found", edited((run) => run.results.splice(0)), {}, "pass"],
    ["another digest", fixture("image.sarif").replace(/sha256:[ab]+/, `sha256:${"c".repeat(64)}`), {}, "unknown"],
    ["no results, so no scan", edited((run) => Reflect.deleteProperty(run, "results")), {}, "unknown"],
    ["an older SARIF", fixture("image.sarif").replace('"version": "2.1.0"', '"version": "2.0.0"'), {}, "unknown"],
    ["no run", '{"version":"2.1.0","runs":[]}', {}, "unknown"],
    ["cut off", fixture("image.sarif").slice(0, 900), {}, "unknown"],
    [
      "a scan that failed",
      edited((run) => Object.assign(run, { invocations: [{ executionSuccessful: false }] })),
      {},
      "unknown",
    ],
  ] as const)("%s", async (_, text, more, status) => {
    room.file("scan.sarif", text);
    expect((await room.check({ ...check, ...more })).status).toBe(status);
  });

  it("never accepts a critical one", async () => {
    const grave = (run: { tool: { driver: { rules: { properties: object }[] } } }) =>
      Object.assign(run.tool.driver.rules[0]?.properties ?? {}, { "security-severity": "9.0" });
    room.file("scan.sarif", edited(grave));
    expect((await room.check({ ...check, accepted: [accepted] })).status).toBe("fail");
  });

  it("names who accepted what until when", async () => {
    room.file("scan.sarif", fixture("image.sarif"));
    const found = await room.check({ ...check, accepted: [accepted] });
    expect(found.accepted).toEqual(["CVE-2024-0001 accepted by ada until 2099-01-01: not reachable"]);
  });

  it("is as old as its oldest scan says", async () => {
    const ends = (ageMs: number) =>
      edited((run) =>
        Object.assign(run, { results: [], invocations: [{ executionSuccessful: true, endTimeUtc: room.ago(ageMs) }] }),
      );
    room.file("scan.sarif", ends(8 * DAY));
    expect((await room.check(check)).status).toBe("unknown");
    room.file("scan.sarif", ends(DAY), 30 * DAY);
    expect(await room.check(check)).toMatchObject({ status: "pass", validUntil: room.ago(-6 * DAY) });
  });
});

describe("npm audit", () => {
  const check = { kind: "npm-audit", file: "audit.json" };
  const accepted = (id: string) => ({ id, owner: "ada", reason: "not reachable", until: "2099-01-01" });
  const clean = JSON.stringify({
    auditReportVersion: 2,
    vulnerabilities: {},
    metadata: { vulnerabilities: { total: 0 } },
  });

  it.each([
    ["nothing", clean, {}, "pass"],
    ["high ones", fixture("npm-audit.json"), {}, "fail"],
    ["only critical ones count", fixture("npm-audit.json"), { failOn: "critical" }, "pass"],
    ["one of two accepted", fixture("npm-audit.json"), { accepted: [accepted("GHSA-xvch-5gv4-984h")] }, "fail"],
    [
      "both accepted by package",
      fixture("npm-audit.json"),
      { accepted: [accepted("minimist"), accepted("mkdirp")] },
      "pass",
    ],
    ["the registry did not answer", fixture("npm-audit-no-answer.json"), {}, "unknown"],
    ["counts that do not fit the list", clean.replace('"total":0', '"total":1'), {}, "unknown"],
    ["no JSON", "npm ERR!", {}, "unknown"],
  ] as const)("of a file: %s", async (_, text, more, status) => {
    room.file("audit.json", text);
    expect((await room.check({ ...check, ...more })).status).toBe(status);
  });

  it("is run where no file is named, and reports with code 1", async () => {
    const exec = fakeExec(() => ({ code: 1, stdout: fixture("npm-audit.json") }));
    expect((await room.check({ kind: "npm-audit" }, { exec })).status).toBe("fail");
    expect(exec.calls[0]?.argv).toEqual(["npm", "audit", "--json", "--omit=dev"]);
  });
});

describe("a metric", () => {
  const check = { kind: "metric", sample: "error_budget_left", labels: { window: "30d" }, combine: "min", atLeast: 0 };
  const page = (value: string) => `error_budget_left{window="30d"} ${value}\nerror_budget_left{window="1d"} -9\n`;

  it.each([
    ["left everywhere", ["0.4", "0.2"], "pass"],
    ["used up on one", ["0.4", "-0.1"], "fail"],
    ["not a number", ["0.4", "NaN"], "unknown"],
    ["one does not answer", ["0.4"], "unknown"],
  ] as const)("%s", async (_, values, status) => {
    for (const [index, value] of values.entries()) room.http.routes[`http://${"ab"[index]}.test/metrics`] = page(value);
    expect((await room.check(check)).status).toBe(status);
  });
});

describe("readiness in deploy.yaml", () => {
  const problems = (given: object) => readinessProblems(ReadinessConfig.parse(given)).map(({ key }) => key);
  const http = { kind: "http", id: "db", criterion: "ENV-3", url: "http://db.test/" };

  it.each([
    ["nothing", {}, []],
    ["two of one id", { checks: [http, http] }, ["readiness.checks[1].id"]],
    ["an id that is taken", { checks: [{ ...http, id: "lock" }] }, ["readiness.checks[0].id"]],
    [
      "the lock, which the run answers",
      { checks: [{ ...http, criterion: "LOCK" }] },
      ["readiness.checks[0].criterion"],
    ],
    ["no comparison", { checks: [{ ...http, json: { path: "a" } }] }, ["readiness.checks[0].json"]],
    [
      "an agent for a mandatory criterion",
      { checks: [{ kind: "finding", id: "tests", criterion: "TST-1", role: "qa" }] },
      ["readiness.checks[0].kind"],
    ],
    [
      "an agent under strict",
      { profile: "strict", checks: [{ kind: "finding", id: "notes", criterion: "OPS-1", role: "pm" }] },
      ["readiness.checks[0].kind"],
    ],
  ] as const)("%s", (_, given, keys) => {
    expect(problems(given)).toEqual(keys);
  });
});
