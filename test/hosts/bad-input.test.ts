import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { folderWith } from "../tools/folder.ts";
import { run } from "./process.ts";

const TARGET = `target:
  kind: sandbox
  artifact: releases/{version}
  command: [node, server.mjs]
  environments:
    production: { port: 0 }
`;
const MINIMAL = `service: shop\n${TARGET}`;
const SERVER = { "releases/2.0.0/server.mjs": "" };
const COMMAND = `service: shop
target:
  kind: command
  production: false
  routing: per-request
  resolve: { command: [./hands, resolve, "{version}"] }
  observe: { command: [./hands, observe, "{env}"] }
  apply: { command: [./hands, apply, "{env}"] }
`;
const BOMB = `a: &a [x, x, x, x, x, x, x, x, x]\n${[..."bcdefghi"]
  .map((name, index) => `${name}: &${name} [${Array(9).fill(`*${"abcdefgh"[index]}`).join(", ")}]`)
  .join("\n")}\n`;

/** What a person sees, with the folder of the test taken out. */
async function refusedPlan(folder: string, words: readonly string[] = ["plan", "2.0.0"]) {
  const before = readdirSync(folder, { recursive: true }).sort();
  const ended = await run(folder, words);
  expect(ended.out).toBe("");
  expect(readdirSync(folder, { recursive: true }).sort(), "nothing was written, nothing is locked").toEqual(before);
  return { code: ended.code, said: ended.err.replaceAll(folder, "PROJECT") };
}

/** Each text, and what the message has to name. */
const TEXTS: [name: string, text: string, line: number | undefined, key: string | undefined][] = [
  ["an unknown key, with the one that was meant", `${MINIMAL}obsrve: 5m\n`, 8, "obsrve"],
  ["an unknown key of a section", `${MINIMAL}canary: { stageDuraton: 5m }\n`, 8, "canary.stageDuraton"],
  ["a key that belongs into another section", `${MINIMAL}healthPath: /up\n`, 8, "healthPath"],
  ["an unknown environment", MINIMAL.replace("production:", "prod:"), 7, "target.environments.prod"],
  ["a wrong type", `${MINIMAL}instances: many\n`, 8, "instances"],
  ["a fraction where only whole numbers count", `${MINIMAL}instances: 1.5\n`, 8, "instances"],
  ["a text for a switch", `${MINIMAL}rollbackOnRegression: yes\n`, 8, "rollbackOnRegression"],
  ["a text for a list", MINIMAL.replace("[node, server.mjs]", "node server.mjs"), 5, "target.command"],
  ["an empty list", `${MINIMAL}canary: { stages: [] }\n`, 8, "canary.stages"],
  ["a value out of range", `${MINIMAL}slo: { errorRatePct: 100 }\n`, 8, "slo.errorRatePct"],
  ["no number at all", `${MINIMAL}slo: { latencyP99Ms: .inf }\n`, 8, "slo.latencyP99Ms"],
  ["a duration without unit", `${MINIMAL}observe: 15\n`, 8, "observe"],
  ["a duration in words", `${MINIMAL}observe: a while\n`, 8, "observe"],
  ["a value that is none of the known ones", `${MINIMAL}strategy: cannary\n`, 8, "strategy"],
  ["a missing key", TARGET, 1, "service"],
  ["a missing key of a section", MINIMAL.replace("  artifact: releases/{version}\n", ""), 2, "target.artifact"],
  ["a key without a value", `${MINIMAL}observe:\n`, 8, "observe"],
  ["no kind of target", "service: shop\ntarget: {}\n", 2, "target.kind"],
  ["an unknown kind of target", MINIMAL.replace("sandbox", "kubernetes"), 3, "target.kind"],
  ["a key of another kind of target", MINIMAL.replace("  kind: sandbox", "  kind: command"), 2, "target.production"],
  ["a placeholder that has no value", COMMAND.replace('"{version}"', '"{env}"'), 6, "target.resolve.command[2]"],
  [
    "a misspelt key of an alternative",
    `${MINIMAL}tests: { candidate: { comand: [npm, test] } }\n`,
    8,
    "tests.candidate.comand",
  ],
  ["an alternative that is none", `${MINIMAL}tests: { candidate: {} }\n`, 8, "tests.candidate"],
  ["a text where sections are", `${MINIMAL}tests: { candidate: npm test }\n`, 8, "tests.candidate"],
  [
    "keys of two alternatives",
    `${MINIMAL}tests: { candidate: { command: [npm, test], reports: [a.xml] } }\n`,
    8,
    "tests.candidate",
  ],
  [
    "a command that never writes its report",
    `${MINIMAL}tests: { candidate: { command: [npm, test] } }\n`,
    8,
    "tests.candidate.command",
  ],
  [
    "a misspelt key of a receiver",
    `${MINIMAL}notify:\n  - on: [outcome]\n    webhok: https://example.com\n`,
    10,
    "notify[0].webhok",
  ],
  ["a receiver without address", `${MINIMAL}notify:\n  - on: [outcome]\n`, 9, "notify[0]"],
  ["an address that is none", `${MINIMAL}notify:\n  - webhook: ftp://example.com\n`, 9, "notify[0].webhook"],
  ["an unknown occasion", `${MINIMAL}notify:\n  - { command: [x], on: [outcom] }\n`, 9, "notify[0].on[0]"],
  [
    "a bad regular expression",
    `${MINIMAL}metrics:\n  ignore: { label: path, matches: "/health(" }\n`,
    9,
    "metrics.ignore.matches",
  ],
  ["a rhythm that is too fast", `${MINIMAL}metrics: { poll: 10ms }\n`, 8, "metrics.poll"],
  [
    "a check twice",
    `${MINIMAL}smoke:\n  checks:\n    - { id: a, group: health, path: / }\n    - { id: a, group: health, path: / }\n`,
    11,
    "smoke.checks[1].id",
  ],
  [
    "a check that leads to another host",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: //example.com }] }\n`,
    8,
    "smoke.checks[0].path",
  ],
  [
    "a name that cannot be written in braces",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: /, remember: { a-b: c } }] }\n`,
    8,
    "smoke.checks[0].remember.a-b",
  ],
  [
    "a variable that is not passed",
    `${MINIMAL}smoke: { checks: [{ id: a, group: health, path: "/{env:TOKEN}" }] }\n`,
    8,
    "smoke.checks[0]",
  ],
  [
    "a time zone that does not exist",
    `${MINIMAL}freeze:\n  - { name: n, from: 12-20, to: 12-27, timeZone: Mars/Base, reason: r }\n`,
    9,
    "freeze[0].timeZone",
  ],
  ["a name that is none", MINIMAL.replace("shop", "Our Shop"), 1, "service"],
  ["a key that is no property", `${MINIMAL}__proto__: { observe: 1s }\n`, 8, "__proto__"],
  ["a merge key", `${MINIMAL}canary: { <<: { minRequests: 1 } }\n`, 8, `canary."<<"`],
  ["several problems", `${MINIMAL}observe: fast\ninstances: 0\nstrategi: canary\n`, 8, "observe"],
  ["canary stages that fall", `${MINIMAL}strategy: canary\ncanary: { stages: [50, 5, 100] }\n`, 9, "canary.stages"],
  ["a list instead of sections", "- service\n- target\n", 1, "(top level)"],
  ["an empty file", "", undefined, undefined],
  ["comments only", "# nothing yet\n", undefined, undefined],
  ["a bracket that is never closed", `${MINIMAL}canary: { stages: [5\n`, 9, undefined],
  ["a key twice", `${MINIMAL}service: other\n`, 8, undefined],
  ["tabs", "service: shop\ntarget:\n\tkind: sandbox\n", 3, undefined],
  ["two documents", `${MINIMAL}---\n${MINIMAL}`, 8, undefined],
  ["a tag", MINIMAL.replace("shop", "!!js/function shop"), 1, undefined],
  ["an alias to nothing", `${MINIMAL}observe: *later\n`, undefined, undefined],
  ["aliases that multiply", BOMB, undefined, undefined],
  ["line ends of another system", `${MINIMAL}obsrve: 5m\n`.replaceAll("\n", "\r\n"), 8, "obsrve"],
  ["a byte order mark", `\ufeff${MINIMAL}obsrve: 5m\n`, 8, "obsrve"],
  ["control characters", `${MINIMAL}"ob\\u001b[31mserve": 5m\n`, 8, undefined],
];

describe("a deploy.yaml that cannot be used is refused with place, expectation and fix", () => {
  it.each(TEXTS)("%s", async (_name, text, line, key) => {
    const { code, said } = await refusedPlan(folderWith({ "deploy.yaml": text, ...SERVER }));
    expect(code).toBe(64);
    if (line !== undefined) expect(said).toContain(`PROJECT/deploy.yaml:${line}`);
    if (key !== undefined) expect(said).toContain(`key ${key}\n`);
    expect(said).not.toMatch(/\p{Cc}(?<!\n)/u);
    expect(said).toMatchSnapshot();
  });
});

describe("a deploy.yaml that is no readable text", () => {
  const made: Record<string, (file: string, folder: string) => void> = {
    "is a folder": (file) => mkdirSync(file),
    "is no UTF-8": (file) =>
      writeFileSync(file, Buffer.concat([Buffer.from(MINIMAL), Buffer.from([0xff, 0xfe, 0x0a])])),
    "is UTF-16": (file) => writeFileSync(file, Buffer.from(`\ufeff${MINIMAL}`, "utf16le")),
    "is too long": (file) => writeFileSync(file, `${MINIMAL}#${"x".repeat(2 ** 20)}`),
    "is a link that leads out": (file) => symlinkSync("/etc/hostname", file),
    "is a link that leads nowhere": (file) => symlinkSync("nowhere.yaml", file),
    "is a device": (file) => symlinkSync("/dev/null", file),
    "is not there": () => {},
  };
  it.each(Object.entries(made))("%s", async (_name, make) => {
    const folder = folderWith(SERVER);
    make(join(folder, "deploy.yaml"), folder);
    const { code, said } = await refusedPlan(folder);
    expect(code).toBe(64);
    expect(said).toContain("PROJECT/deploy.yaml");
    expect(said).toMatchSnapshot();
  });

  it.skipIf(process.getuid?.() === 0)("may not be read", async () => {
    const folder = folderWith(SERVER);
    writeFileSync(join(folder, "deploy.yaml"), MINIMAL, { mode: 0o000 });
    const { code, said } = await refusedPlan(folder);
    expect(code).toBe(64);
    expect(said).toMatchSnapshot();
    rmSync(join(folder, "deploy.yaml"));
  });

  it("is never passed over for the one of the folder above", async () => {
    const folder = folderWith({ "deploy.yaml": MINIMAL, "inner/x": "" });
    symlinkSync("nowhere.yaml", join(folder, "inner/deploy.yaml"));
    const ended = await run(join(folder, "inner"), ["plan", "2.0.0"]);
    expect(ended.code).toBe(64);
    expect(ended.err).toContain("inner/deploy.yaml");
  });

  it("may be a link to a file of the project", async () => {
    const folder = folderWith({ "config/shop.yaml": MINIMAL, ...SERVER });
    symlinkSync("config/shop.yaml", join(folder, "deploy.yaml"));
    expect(await run(folder, ["plan", "2.0.0", "--first-deploy"])).toMatchObject({ code: 0 });
    expect(await run(folder, ["sandbox-stop"])).toMatchObject({ code: 0 });
  });
});

describe("a text in deploy.yaml that looks like something else", () => {
  it("counts as it was written", async () => {
    const text = `${MINIMAL.replace("command: [node, server.mjs]", "command: [node, server.mjs, 8080, true]\n  env: { RELEASE: 1.10, DEBUG: false, MODE: 0o17 }")}migrations:
  - { id: a, kind: contract, reversible: true, unusedSince: 1.10 }
`;
    const { parseDeployConfig } = await import("../../mcp-server/flow/config-file.ts");
    expect(parseDeployConfig(text, "deploy.yaml")).toMatchObject({
      target: {
        command: ["node", "server.mjs", "8080", "true"],
        env: { RELEASE: "1.10", DEBUG: "false", MODE: "0o17" },
      },
      migrations: [{ unusedSince: "1.10" }],
    });
  });
});

describe("whatever asks, a bad deploy.yaml is refused before anything is started", () => {
  it.each([[["run", "2.0.0"]], [["deploy-start", "2.0.0"]], [["smoke-test"]], [["sandbox-stop"]]])(
    "%j",
    async (words) => {
      const folder = folderWith({ "deploy.yaml": `${MINIMAL}obsrve: 5m\n`, ...SERVER });
      const { code, said } = await refusedPlan(folder, words);
      expect(code).toBe(64);
      expect(said).toMatch(/unknown key[\s\S]*deploy\.yaml:8, key obsrve/);
    },
  );
});

const REPORT = '<testsuite name="s" tests="1"><testcase classname="a" name="b"/></testsuite>';

describe("flags and files that cannot be used", () => {
  it.each<[string, string[], number]>([
    ["an unknown flag", ["plan", "2.0.0", "--stratgy", "canary"], 64],
    ["a strategy that is none", ["plan", "2.0.0", "--strategy", "bluegreen"], 64],
    ["a duration without unit", ["plan", "2.0.0", "--observe", "15"], 64],
    ["a threshold above 100", ["plan", "2.0.0", "--regression-threshold", "101"], 64],
    ["a threshold in percent", ["plan", "2.0.0", "--regression-threshold", "5%"], 64],
    ["a number for a flag of words", ["plan", "2.0.0", "--risk", "7"], 64],
    ["a value for a switch", ["plan", "2.0.0", "--first-deploy=maybe"], 64],
    ["a version that is none", ["plan", "latest"], 64],
    ["a version that leads out", ["plan", "../2.0.0"], 64],
    ["a version without artifact", ["plan", "9.9.9"], 64],
    ["a config that is not there", ["plan", "2.0.0", "--config", "other.yaml"], 64],
    ["a config that is a folder", ["plan", "2.0.0", "--config", "releases"], 64],
    ["a project that is not there", ["plan", "2.0.0", "--project", "elsewhere"], 64],
    ["a project that is a file", ["plan", "2.0.0", "--project", "good.xml"], 64],
    ["a hash that is none", ["approve", "6d1f"], 64],
    ["an answer that is none", ["deploy-decide", "roll-back", "--reason", "x"], 64],
    ["a report that is cut off", ["regression-check", "--baseline", "good.xml", "--candidate", "cut.xml"], 65],
    ["a report that is empty", ["regression-check", "--baseline", "good.xml", "--candidate", "empty.xml"], 65],
    ["a report that is none", ["regression-check", "--baseline", "good.xml", "--candidate", "deploy.yaml"], 65],
    ["a report that is not there", ["regression-check", "--baseline", "good.xml", "--candidate", "none.xml"], 65],
    ["an archive that is not there", ["verify", "nowhere"], 65],
    ["an archive that is a file", ["verify", "good.xml"], 65],
  ])("%s", async (_name, words, code) => {
    const folder = folderWith({
      "deploy.yaml": MINIMAL,
      "good.xml": REPORT,
      "cut.xml": REPORT.slice(0, 40),
      "empty.xml": "",
      ...SERVER,
    });
    const refused = await refusedPlan(folder, words);
    expect(refused.said).toMatchSnapshot();
    expect(refused.code).toBe(code);
  });
});
