import { appendFileSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { COMMANDS } from "../../mcp-server/hosts/cli/commands.ts";
import { EXAMPLE, folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const COMPARE = ["regression-check", "--baseline", "base.xml", "--candidate"];

describe("exit codes of the stand-alone checks", () => {
  it.each<[string, string[], number, RegExp, RegExp]>([
    [
      "the user's example fails",
      [...COMPARE, "cand.xml", "--threshold", "5"],
      1,
      /^FAIL: regression rate 8\.0 %, threshold 5 %/,
      /^$/,
    ],
    ["identical reports pass", [...COMPARE, "base.xml"], 0, /^PASS: regression rate 0\.0 %/, /^$/],
    [
      "no passing baseline proves nothing",
      ["regression-check", "--baseline", "none-pass.xml", "--candidate", "base.xml"],
      2,
      /^INCONCLUSIVE/,
      /^$/,
    ],
    ["a truncated report is refused", [...COMPARE, "cut.xml"], 65, /^$/, /cut\.xml/],
    ["a missing file", [...COMPARE, "absent.xml"], 65, /^$/, /"absent\.xml"/],
    ["a file of no known format", [...COMPARE, "text.txt"], 65, /^$/, /text\.txt/],
    ["an empty gate proves nothing", ["gate-decision", "staging"], 2, /^INCONCLUSIVE: gate staging/, /^$/],
  ])("%s", async (_name, words, code, out, err) => {
    const ended = await run(folderWith(EXAMPLE), words);
    expect(ended).toMatchObject({ code });
    expect(ended.out).toMatch(out);
    expect(ended.err).toMatch(err);
  });
});

describe("a wrong command line exits with 64, says what is wrong and changes nothing", () => {
  it.each<[string[], RegExp]>([
    [[], /^$/],
    [["regresion-check"], /unknown command regresion-check; did you mean regression-check\?/],
    [["runner2"], /unknown command runner2/],
    [[...COMPARE], /--candidate needs a value/],
    [["regression-check", "--candidate", "base.xml"], /of one side have nothing to be compared with/],
    [[...COMPARE, "base.xml", "--treshold", "5"], /unknown flag --treshold; did you mean --threshold\?/],
    [[...COMPARE, "base.xml", "--threshold", "101"], /--threshold: .*<=100/],
    [[...COMPARE, "base.xml", "--threshold", "5%"], /--threshold needs a plain number/],
    [[...COMPARE, "base.xml", "--scope", "some"], /--scope: .*"full"/],
    [[...COMPARE, "base.xml", "--scope", "targeted"], /targets and scope/],
    [[...COMPARE, "base.xml", "--format", "xml"], /--format: /],
    [["plan"], /VERSION, as a word or --version is required/],
    [["plan", "latest"], /not 'latest'/],
    [["plan", "../../etc"], /expected a real version/],
    [["plan", "2.0.0"], /there is no deploy\.yaml/],
    [["plan", "2.0.0", "--rollback-on-regression", "--no-rollback-on-regression"], /contradict each other/],
    [["run", "2.0.0", "--regression-threshold", "-1"], /--regression-threshold: /],
    [["run", "2.0.0"], /there is no deploy\.yaml/],
    [["deploy-start", "2.0.0", "--approve", "x"], /unknown flag --approve/],
    [["deploy-decide", "abort"], /--reason is required/],
    [["deploy-decide", "retry", "--reason", "x"], /DECISION, as a word or --decision: /],
    [["deploy-decide", "abort", "--reason", "x"], /no run is under way/],
    [["approve", "abc"], /expected 64 lower-case hexadecimal/],
    [["status", "--project", "no-such-folder"], /project folder does not exist/],
    [["archive", "base.xml"], /--name is required/],
    [["archive", "base.xml", "--name", "../x"], /--name: /],
    [["serve", "--no-stdio"], /no transport is left/],
    [["release-lock"], /--reason is required/],
  ])("%j", async (words, says) => {
    const folder = folderWith(EXAMPLE);
    const ended = await run(folder, words);
    expect(ended).toMatchObject({ code: 64 });
    expect(ended.err).toMatch(says);
    if (words.length > 0) expect(ended.err).toMatch(/^error: [\s\S]*\n {2}next /);
    expect(existsSync(join(folder, ".aiwg"))).toBe(false);
  });

  it("says the same as data when data is asked for", async () => {
    const ended = await run(folderWith(EXAMPLE), [...COMPARE, "cut.xml", "--format", "json"]);
    expect(ended).toMatchObject({ code: 65, err: "" });
    expect(JSON.parse(ended.out)).toMatchObject({
      error: { code: "unreadable", where: { file: expect.stringContaining("cut.xml") } },
    });
    const usage = await run(folderWith({}), ["plan", "--format=json"]);
    expect(usage.code).toBe(64);
    expect(JSON.parse(usage.out).error.next).toContain("--help");
  });
});

describe("help", () => {
  it("lists every command but the hidden ones, and each has its own", async () => {
    const folder = folderWith({});
    const overall = await run(folder, ["--help"]);
    expect(overall.code).toBe(0);
    for (const command of COMMANDS) {
      const listed = new RegExp(`^ {2}${command.name} {2,}\\S`, "m").test(overall.out);
      expect(listed, command.name).toBe(!command.hidden);
    }
    const own = await run(folder, ["run", "--help"]);
    expect(own.out).toMatch(/^deploy-flow run VERSION \[flags\]/);
    expect(own.out).toContain("--[no-]rollback-on-regression");
    expect(own.out).toContain("--risk low|medium|high");
  });

  it("tells its version", async () => {
    const { version } = JSON.parse(readFileSync(join(import.meta.dirname, "../../package.json"), "utf8"));
    expect((await run(folderWith({}), ["--version"])).out).toBe(`${version}\n`);
  });
});

describe("commands on a folder", () => {
  it("a person may name files anywhere", async () => {
    const elsewhere = folderWith(EXAMPLE);
    const words = [
      "regression-check",
      "--baseline",
      join(elsewhere, "base.xml"),
      "--candidate",
      join(elsewhere, "base.xml"),
    ];
    expect(await run(folderWith({}), words)).toMatchObject({ code: 0 });
  });

  it("works on the nearest folder upwards that holds deploy.yaml", async () => {
    const folder = folderWith({ "deploy.yaml": "service: [", "deep/er/x": "" });
    const ended = await run(join(folder, "deep/er"), ["plan", "2.0.0"]);
    expect(ended.code).toBe(64);
    expect(ended.err).toContain(`${join(folder, "deploy.yaml")}:1`);
  });

  it("inspect says what reports hold", async () => {
    const ended = await run(folderWith(EXAMPLE), ["inspect", "cand.xml", "base.xml"]);
    expect(ended.out).toContain("cand.xml: junit: 150 tests, 138 passed, 12 failed");
    expect(ended.out).toContain("total: 300 tests, 288 passed");
  });

  it("inspect gives programs one entry per file, and counts a copy once", async () => {
    const [text = ""] = Object.values(EXAMPLE);
    const folder = folderWith({ "reports/a.xml": text, "reports/copy.xml": text, "reports/data.json": "{}" });
    const ended = await run(folder, ["inspect", "reports", "--format", "json"]);
    const counts = {
      tests: 150,
      passed: expect.any(Number),
      failed: expect.any(Number),
      errored: 0,
      skipped: 0,
      flaky: 0,
    };
    const nothing = { tests: 0, passed: 0, failed: 0, errored: 0, skipped: 0, flaky: 0 };
    const leftOut = (code: string) => ({
      format: null,
      tool: null,
      counts: nothing,
      warnings: [{ code, text: expect.any(String) }],
    });
    expect(JSON.parse(ended.out)).toEqual({
      files: [
        { file: "reports/a.xml", format: "junit", tool: null, counts, warnings: [] },
        { file: "reports/copy.xml", ...leftOut("same-file-twice") },
        { file: "reports/data.json", ...leftOut("not-a-report") },
      ],
      total: counts,
    });
  });

  it("inspect refuses a report that is cut off, with file, line and reason", async () => {
    const [text = ""] = Object.values(EXAMPLE);
    const ended = await run(folderWith({ "a.xml": text.slice(0, -20) }), ["inspect", "a.xml", "--format", "json"]);
    expect(ended.code).toBe(65);
    expect(`${ended.out}${ended.err}`).toMatch(/a\.xml/);
    expect(`${ended.out}${ended.err}`).toMatch(/ends before it is complete/);
  });

  it("verify finds one changed byte in a pack", async () => {
    const folder = folderWith(EXAMPLE);
    const packed = JSON.parse((await run(folder, ["archive", "base.xml", "--name", "pack", "--format", "json"])).out);
    expect(await run(folder, ["verify", packed.dir])).toMatchObject({ code: 0 });
    appendFileSync(join(folder, packed.dir, "files/base.xml"), " ");
    const changed = await run(folder, ["verify", packed.dir]);
    expect(changed.code).toBe(1);
    expect(changed.out).toContain("files/base.xml");
    expect(await run(folder, ["verify", "nowhere"])).toMatchObject({ code: 65 });
  });

  it("history leaves a bad line out and says so", async () => {
    const folder = folderWith({ ".aiwg/deployment/history.jsonl": "not json\n" });
    const ended = await run(folder, ["history"]);
    expect(ended).toMatchObject({ code: 0 });
    expect(ended.out).toContain("line 1 of the history was left out");
  });

  it("a failed rollback is released by a person with a reason, never by a pipe", async () => {
    const folder = folderWith({});
    const held = join(folder, ".aiwg/deployment/run.lock.held");
    mkdirSync(join(folder, ".aiwg/deployment"), { recursive: true });
    const record = { runId: "dpl-20260131T123045Z-abcdef", reason: "drain failed", at: "2026-01-31T12:30:45.000Z" };
    writeFileSync(held, JSON.stringify(record));
    const piped = await run(folder, ["release-lock", "--reason", "checked by hand"], { input: "y\n" });
    expect(piped.code).toBe(64);
    expect(existsSync(held)).toBe(true);
  });

  it("writes no escape sequence where no person looks", async () => {
    for (const words of [["--help"], ["plan", "x"], [...COMPARE, "cand.xml"]]) {
      const ended = await run(folderWith(EXAMPLE), words, { env: { FORCE_COLOR: "1" } });
      expect(ended.out + ended.err).not.toContain("\u001b");
    }
  });
});
