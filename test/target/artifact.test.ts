import { chmodSync, mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, utimesSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { realDisk } from "../../mcp-server/ports/index.ts";
import { SandboxConfig } from "../../mcp-server/target/index.ts";
import { artifactFolder, folderDigest } from "../../mcp-server/target/sandbox/artifact.ts";
import type { Version } from "../../mcp-server/vocab/index.ts";

let root: string;
let artifact: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "sandbox-artifact-"));
  artifact = join(root, "releases/1.0.0");
  mkdirSync(join(artifact, "lib"), { recursive: true });
  writeFileSync(join(artifact, "server.mjs"), "serve()");
  writeFileSync(join(artifact, "lib/shop.mjs"), "shop()");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const digest = () => folderDigest(artifact, realDisk);

describe("the digest of a folder", () => {
  test.each<[string, () => void, "same" | "other"]>([
    ["nothing", () => {}, "same"],
    ["a time", () => utimesSync(join(artifact, "server.mjs"), 1, 1), "same"],
    ["an empty folder", () => mkdirSync(join(artifact, "empty")), "same"],
    ["write permission", () => chmodSync(join(artifact, "server.mjs"), 0o600), "same"],
    ["execute permission", () => chmodSync(join(artifact, "server.mjs"), 0o755), "other"],
    ["one byte", () => writeFileSync(join(artifact, "lib/shop.mjs"), "shop();"), "other"],
    ["a name", () => renameSync(join(artifact, "lib/shop.mjs"), join(artifact, "lib/shop2.mjs")), "other"],
    ["a place", () => renameSync(join(artifact, "lib/shop.mjs"), join(artifact, "shop.mjs")), "other"],
    ["a new empty file", () => writeFileSync(join(artifact, "x"), ""), "other"],
    [
      "a file that became a link",
      () => {
        renameSync(join(artifact, "server.mjs"), join(artifact, "z.mjs"));
        symlinkSync("z.mjs", join(artifact, "server.mjs"));
      },
      "other",
    ],
  ])("after a change of %s", async (_name, change, expected) => {
    const before = await digest();
    change();
    if (expected === "same") expect(await digest()).toBe(before);
    else expect(await digest()).not.toBe(before);
  });

  test("tells links apart by where they lead", async () => {
    symlinkSync("server.mjs", join(artifact, "main"));
    const before = await digest();
    rmSync(join(artifact, "main"));
    symlinkSync("lib/shop.mjs", join(artifact, "main"));
    expect(await digest()).not.toBe(before);
  });

  test.each([
    ["out of the artifact", "../../../etc"],
    ["nowhere", "missing"],
  ])("refuses a link that leads %s", async (_name, target) => {
    symlinkSync(target, join(artifact, "main"));
    await expect(digest()).rejects.toThrow(/link "main"/);
  });
});

describe("the folder of a version", () => {
  const find = (template: string, version = "1.0.0") => {
    const config = SandboxConfig.parse({ kind: "sandbox", artifact: template, command: ["x"], environments: {} });
    return artifactFolder(root, config, version as Version, realDisk);
  };

  test("is found below the project", () => {
    expect(find("releases/{version}")).toBe(realDisk.realpath(artifact));
  });

  test.each([
    ["leads up", "../{version}"],
    ["leads up in the middle", "releases/../../{version}"],
    ["is absolute", "/etc"],
    ["is missing", "builds/{version}"],
    ["is a file", "releases/{version}/server.mjs"],
    ["is a link out of the project", "outside"],
  ])("is refused when it %s", (_name, template) => {
    symlinkSync(tmpdir(), join(root, "outside"));
    expect(() => find(template)).toThrow(expect.objectContaining({ name: "TargetError", retryable: false }));
  });
});
