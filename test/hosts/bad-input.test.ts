import { mkdirSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { folderWith } from "../tools/folder.ts";
import { MINIMAL, SERVER, TEXTS } from "./bad-texts.ts";
import { run } from "./process.ts";

/** What a person sees, with the folder of the test taken out. */
async function refusedPlan(folder: string, words: readonly string[] = ["plan", "2.0.0"]) {
  const before = readdirSync(folder, { recursive: true }).sort();
  const ended = await run(folder, words);
  expect(ended.out).toBe("");
  expect(readdirSync(folder, { recursive: true }).sort(), "nothing was written, nothing is locked").toEqual(before);
  return { code: ended.code, said: ended.err.replaceAll(folder, "PROJECT") };
}

/** The same without a process of its own: for many words over one text. */
async function refusedHere(folder: string, words: readonly string[]) {
  const before = readdirSync(folder, { recursive: true }).sort();
  const [out, err]: [string[], string[]] = [[], []];
  const terminal = {
    isTty: false,
    colours: false,
    columns: 120,
    out: (text: string) => void out.push(text),
    err: (text: string) => void err.push(text),
    ask: async () => "",
  };
  const signal = AbortSignal.timeout(30_000);
  const code = await runCommandLine({ words, cwd: folder, ports: realPorts(), terminal, signal });
  expect(out).toEqual([]);
  expect(readdirSync(folder, { recursive: true }).sort(), "nothing was written, nothing is locked").toEqual(before);
  return { code, said: err.join("").replaceAll(folder, "PROJECT") };
}

/** What starts a run. */
const STARTING = ["run", "deploy-start"] as const;

/** A run that is refused says what `plan` says, and leaves as little. */
async function expectNothingStarts(folder: string): Promise<void> {
  const planned = await refusedHere(folder, ["plan", "2.0.0"]);
  expect(planned.code).toBe(64);
  for (const command of STARTING) expect(await refusedHere(folder, [command, "2.0.0"]), command).toEqual(planned);
}

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

describe("a deploy.yaml that cannot be used starts no run: place, expectation and fix are those of plan", () => {
  it.each(TEXTS)("%s", (_name, text) => expectNothingStarts(folderWith({ "deploy.yaml": text, ...SERVER })));
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

  it.each(Object.entries(made))("%s, and no run starts", async (_name, make) => {
    const folder = folderWith(SERVER);
    make(join(folder, "deploy.yaml"), folder);
    await expectNothingStarts(folder);
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

/** Words that cannot be used, for whatever starts a run; after the command. */
const BAD_WORDS: [name: string, words: string[]][] = [
  ["no version", []],
  ["two versions", ["2.0.0", "3.0.0"]],
  ["a version that is none", ["latest"]],
  ["a version that leads out", ["../2.0.0"]],
  ["a version without artifact", ["9.9.9", "--first-deploy"]],
  ["an unknown flag", ["2.0.0", "--stratgy", "canary"]],
  ["a flag without its value", ["2.0.0", "--strategy"]],
  ["a flag twice", ["2.0.0", "--risk", "low", "--risk", "high"]],
  ["a strategy that is none", ["2.0.0", "--strategy", "bluegreen"]],
  ["a duration without unit", ["2.0.0", "--observe", "15"]],
  ["a threshold above 100", ["2.0.0", "--regression-threshold", "101"]],
  ["a threshold below 0", ["2.0.0", "--regression-threshold", "-1"]],
  ["a threshold in percent", ["2.0.0", "--regression-threshold", "5%"]],
  ["a number for a flag of words", ["2.0.0", "--risk", "7"]],
  ["a depth that is none", ["2.0.0", "--depth", "deep"]],
  ["a value for a switch", ["2.0.0", "--first-deploy=maybe"]],
  ["answers that are no JSON", ["2.0.0", "--answers", "{"]],
  ["an answer to what nobody asked", ["2.0.0", "--answers", '{"speed":1}']],
  ["a mended incident without a reason", ["2.0.0", "--fixes", "INC-1"]],
  ["a flag and guidance that contradict each other", ["2.0.0", "--strategy", "canary", "--guidance", "blue-green"]],
  ["a project that is not there", ["2.0.0", "--project", "elsewhere"]],
  ["a project that is a file", ["2.0.0", "--project", "good.xml"]],
  ["a format that is none", ["2.0.0", "--format", "xml"]],
];

describe("words that cannot be used start no run", () => {
  const project = { "deploy.yaml": MINIMAL, "good.xml": REPORT, ...SERVER };
  it.each(STARTING.flatMap((command) => BAD_WORDS.map(([name, words]) => [command, name, words] as const)))(
    "%s: %s",
    async (command, _name, words) => {
      const { code, said } = await refusedHere(folderWith(project), [command, ...words]);
      expect(said).toMatchSnapshot();
      expect(code).toBe(64);
    },
  );

  it.each<[string, string[]]>([
    ["a hash that is none", ["2.0.0", "--first-deploy", "--approve", "6d1f"]],
    ["a config that is not there", ["2.0.0", "--config", "other.yaml"]],
    ["a config that is a folder", ["2.0.0", "--config", "releases"]],
  ])("run: %s", async (_name, words) => {
    const { code, said } = await refusedHere(folderWith(project), ["run", ...words]);
    expect(said).toMatchSnapshot();
    expect(code).toBe(64);
  });

  it.each(STARTING)(
    "%s: what has to be looked up in production is refused without a lock or a journal",
    async (command) => {
      const folder = folderWith(project);
      try {
        const ended = await run(folder, [command, "2.0.0"]);
        expect(ended).toMatchObject({ code: 64, out: "" });
        expect(ended.err).toMatch(/nothing serves production[\s\S]*expected {2}a running version[\s\S]*--first-deploy/);
        expect(readdirSync(join(folder, ".aiwg"))).toEqual(["sandbox"]);
      } finally {
        expect(await run(folder, ["sandbox-stop"])).toMatchObject({ code: 0 });
      }
    },
  );
});
