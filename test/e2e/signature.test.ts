import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { socketPath } from "../../mcp-server/ports/index.ts";
import { run } from "../hosts/process.ts";
import { editConfig, makeWorld, type World } from "./world.ts";

let world: World;
let root: string;
beforeAll(async () => {
  world = await makeWorld();
  root = world.project.root;
});
afterAll(() => world.close());

function makeKey(name: string): string {
  const key = join(root, name);
  execFileSync("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", key]);
  return key;
}

test("where only signatures count, nothing else decides, and verify checks who signed", async () => {
  const ada = makeKey("ada");
  const eve = makeKey("eve");
  writeFileSync(join(root, "signers"), `ada@example.org ${readFileSync(`${ada}.pub`, "utf8")}`);
  editConfig(root, [
    [["target", "production"], true],
    [["canary", "stageDuration"], "10m"],
    [["observe"], "15m"],
    [
      ["approvals"],
      {
        accept: ["ssh-signature"],
        signers: "signers",
        roles: ["release-manager", "reliability-engineer"].map((role) => ({ role, persons: ["ada@example.org"] })),
      },
    ],
  ]);
  const started = await run(root, ["run", "3.0.0", "--detach", "--format", "json"]);
  expect(started.code, started.err).toBe(0);
  while (!world.events().some(({ event }) => event.event === "question")) await world.project.ports.clock.sleep(50);
  const opened = world.events().find(({ event }) => event.event === "run-opened")?.event;
  const planHash = opened?.event === "run-opened" ? opened.planHash : "";
  const signedBy = (key: string, who: string, ...words: string[]) =>
    run(root, ["approve", planHash, ...words, "--sign-with", key, "--identity", who, "--format", "json"]);

  // The signers of the plan are frozen: naming oneself afterwards is too late.
  writeFileSync(join(root, "signers"), `eve@example.org ${readFileSync(`${eve}.pub`, "utf8")}`);
  const foreign = await signedBy(eve, "eve@example.org");
  expect(foreign.code).toBe(64);
  expect(JSON.parse(foreign.out)).toMatchObject({ taken: false, note: expect.stringMatching(/signature is not/) });
  expect((await signedBy(eve, "ada@example.org")).code).toBe(64);
  const flagged = await run(root, ["approve", "--approve", planHash, "--format", "json"]);
  expect(JSON.parse(flagged.out)).toMatchObject({ taken: false, note: expect.stringMatching(/"flag" does not count/) });
  for (const way of ["terminal", "ssh-signature"]) {
    const request = { kind: "approve", decision: "approve", planHash, way, person: "ada@example.org" };
    const message = { op: "request", id: `forged-${way}`, request, actor: { kind: "person", name: "ada" } };
    const receipt = await world.project.ports.sockets.call(socketPath(root, "runner"), message, 10_000);
    expect(receipt).toMatchObject({ taken: false });
  }
  expect(world.events().some(({ event }) => event.event === "approval")).toBe(false);

  // A role is what the plan gives to this person, and part of what is signed.
  const climbed = await signedBy(ada, "ada@example.org", "--role", "operations-lead");
  expect(JSON.parse(climbed.out)).toMatchObject({ taken: false, note: expect.stringMatching(/names nobody as/) });
  expect((await signedBy(ada, "ada@example.org", "--role", "release-manager", "--answer", "reject")).code).toBe(64);
  const signed = await signedBy(ada, "ada@example.org", "--role", "release-manager");
  expect(signed.code, signed.err + signed.out).toBe(0);
  const taken = world.events().findLast(({ event }) => event.event === "request")?.event;
  if (taken?.event !== "request" || taken.request.kind !== "approve") throw new Error("no approval was asked for");
  const moved = { ...taken.request, role: "reliability-engineer" };
  const message = { op: "request", id: "moved", request: moved, actor: { kind: "person", name: "ada" } };
  expect(await world.project.ports.sockets.call(socketPath(root, "runner"), message, 10_000)).toMatchObject({
    taken: false,
    note: expect.stringMatching(/signature is not/),
  });

  expect((await run(root, ["deploy-decide", "abort", "--reason", "enough seen"])).code).toBe(0);
  const status = await world.ended();
  expect(["ABORTED", "ROLLED_BACK"]).toContain(status.outcome);
  const approval = world.events().find(({ event }) => event.event === "approval")?.event;
  expect(approval).toMatchObject({ decision: "approve", way: "ssh-signature", role: "release-manager" });
  const archive = world.events().find(({ event }) => event.event === "archiving")?.event;
  const dir = archive?.event === "archiving" ? archive.dir : "";
  const verified = await run(root, ["verify", join(root, dir), "--format", "json"]);
  expect(verified.code, verified.out).toBe(0);
  const report = readFileSync(join(root, dir, "artifacts/reports/deployment-report-3.0.0.md"), "utf8");
  expect(report).toMatch(/\| release manager \| ada\\@example\.org \| ssh-signature \|/);
  expect(report).toContain("| reliability engineer | unsigned |");
});
