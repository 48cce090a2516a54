import { type ChildProcess, spawn } from "node:child_process";
import { cpSync, mkdtempSync, readdirSync, readFileSync, realpathSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { parseDeployConfig } from "../../mcp-server/flow/config-file.ts";
import { knownKeys } from "../../mcp-server/flow/config-shape.ts";
import { ROOT } from "../docs/pages.ts";
import { type Ended, run } from "../hosts/process.ts";

const EXAMPLES = join(ROOT, "examples");
const ENV = { SMOKE_PASSWORD: "tea" };
const folders: string[] = [];
const loads: ChildProcess[] = [];

function copied(name: string): string {
  const folder = join(realpathSync(mkdtempSync(join(tmpdir(), "deploy-flow-example-"))), name);
  cpSync(join(EXAMPLES, name), folder, { recursive: true });
  folders.push(folder);
  return folder;
}
const deploy = (folder: string, ...words: string[]): Promise<Ended> => run(folder, words, { env: ENV });

afterAll(async () => {
  for (const load of loads) load.kill();
  for (const folder of folders) {
    await deploy(folder, "sandbox-stop");
    rmSync(join(folder, ".."), { recursive: true, force: true });
  }
});

describe("every example", () => {
  it.each(readdirSync(EXAMPLES))("%s has a deploy.yaml that is accepted", (name) => {
    const file = join(EXAMPLES, name, "deploy.yaml");
    expect(parseDeployConfig(readFileSync(file, "utf8"), file).service).not.toBe("");
  });
});

describe("the minimal example", { timeout: 180_000 }, () => {
  it("is planned and deployed", async () => {
    const folder = copied("minimal");
    const planned = await deploy(folder, "plan", "1.0.0", "--first-deploy");
    expect(planned).toMatchObject({ code: 0, err: "" });
    const done = await deploy(folder, "run", "1.0.0", "--first-deploy");
    expect(done.out + done.err).toContain("OUTCOME SUCCESS: production runs 1.0.0");
    expect(done.code).toBe(0);
  });
});

describe("the complete example", { timeout: 240_000 }, () => {
  const folder = copied("complete");

  it("has every section", () => {
    const config = parseDeployConfig(readFileSync(join(folder, "deploy.yaml"), "utf8"), "deploy.yaml");
    const written = readFileSync(join(folder, "deploy.yaml"), "utf8").match(/^\w+(?=:)/gm);
    expect([...(written ?? [])].sort()).toEqual([...knownKeys([], config)].sort());
  });

  it("is planned, deployed, and followed by its next release under load", async () => {
    loads.push(spawn(process.execPath, ["load.mjs", "http://127.0.0.1:8290/"], { cwd: folder, stdio: "ignore" }));
    expect(await deploy(folder, "plan", "1.0.0", "--first-deploy")).toMatchObject({ code: 0, err: "" });
    const first = await deploy(folder, "run", "1.0.0", "--first-deploy");
    expect(first.out + first.err).toContain("OUTCOME SUCCESS: production runs 1.0.0");
    const next = await deploy(folder, "run", "1.1.0");
    expect(next.out + next.err).toContain("OUTCOME SUCCESS: production runs 1.1.0");
    expect([first.code, next.code]).toEqual([0, 0]);
    expect(readFileSync(join(folder, "schema-production.txt"), "utf8")).toBe("add_phone\n");
    const told = readFileSync(join(folder, "messages.jsonl"), "utf8").trim().split("\n");
    expect(told.map((line) => JSON.parse(line).outcome)).toEqual(["SUCCESS", "SUCCESS"]);
  });
});
