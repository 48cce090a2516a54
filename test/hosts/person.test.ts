import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runCommandLine } from "../../mcp-server/hosts/cli/main.ts";
import type { Terminal } from "../../mcp-server/hosts/cli/output.ts";
import { confirmAtTerminal } from "../../mcp-server/hosts/cli/person.ts";
import { realPorts } from "../../mcp-server/ports/index.ts";
import { fakeIds } from "../fakes/index.ts";
import { folderWith } from "../tools/folder.ts";

function terminal(
  isTty: boolean,
  answer: (shown: readonly string[]) => string,
): Terminal & { shown: string[]; asked: number } {
  const shown: string[] = [];
  const screen = {
    isTty,
    colours: false,
    columns: 80,
    shown,
    asked: 0,
    out: (text: string) => void shown.push(text),
    err: (text: string) => void shown.push(text),
    ask: async () => {
      screen.asked += 1;
      return answer(shown);
    },
  };
  return screen;
}

/** The code as a person reads it off the screen. */
const codeIn = (shown: readonly string[]) =>
  /code for this one decision is (\S+)/.exec(shown.join(""))?.[1] ?? "none shown";

const signal = new AbortController().signal;

describe("a person's confirmation", () => {
  it("is the code that was just shown", async () => {
    const screen = terminal(true, codeIn);
    const said = await confirmAtTerminal({ sentence: "approve", terminal: screen, ids: fakeIds(), signal });
    expect(said.way).toBe("terminal");
    expect(screen.shown.join("")).toContain("You are about to approve.");
  });

  it.each(["", "y", "yes", "0000-0000"])("is not %j", async (typed) => {
    const screen = terminal(true, () => typed);
    const asked = confirmAtTerminal({ sentence: "approve", terminal: screen, ids: fakeIds(), signal });
    await expect(asked).rejects.toThrow(/nothing was decided/);
  });

  it("is another code each time", async () => {
    const ids = fakeIds();
    const codes: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const screen = terminal(true, codeIn);
      await confirmAtTerminal({ sentence: "x", terminal: screen, ids, signal });
      codes.push(codeIn(screen.shown));
    }
    expect(new Set(codes).size).toBe(3);
  });

  it("cannot be given without a terminal, and nothing is asked there", async () => {
    const screen = terminal(false, codeIn);
    await expect(confirmAtTerminal({ sentence: "x", terminal: screen, ids: fakeIds(), signal })).rejects.toMatchObject({
      code: "refused",
      exit: 64,
    });
    expect(screen.asked).toBe(0);
  });
});

describe("release-lock at a terminal", () => {
  const HELD = JSON.stringify({
    runId: "dpl-20260131T123045Z-abcdef",
    reason: "drain failed",
    at: "2026-01-31T12:30:45.000Z",
  });
  const LOCK = ".aiwg/deployment/run.lock";

  function release(folder: string, screen: Terminal) {
    const words = ["release-lock", "--reason", "checked by hand", "--project", folder];
    return runCommandLine({ words, cwd: folder, ports: realPorts(), terminal: screen, signal });
  }

  it("frees the project with a typed code, and keeps who, why and what", async () => {
    const folder = folderWith({ [`${LOCK}.held`]: HELD });
    const screen = terminal(true, codeIn);
    expect(await release(folder, screen)).toBe(0);
    expect(existsSync(join(folder, `${LOCK}.held`))).toBe(false);
    expect(readFileSync(join(folder, `${LOCK}.releases.jsonl`), "utf8")).toContain("checked by hand");
    expect(screen.shown.join("")).toContain("failed to roll back: drain failed");
    expect(await release(folder, screen)).toBe(0);
    expect(screen.asked).toBe(1);
  });

  it("frees a lock that nobody can read, and none without the code", async () => {
    const folder = folderWith({ [LOCK]: "torn" });
    expect(
      await release(
        folder,
        terminal(true, () => "no"),
      ),
    ).toBe(64);
    expect(existsSync(join(folder, LOCK))).toBe(true);
    expect(await release(folder, terminal(true, codeIn))).toBe(0);
    expect(existsSync(join(folder, LOCK))).toBe(false);
  });

  it("never takes the lock from a living run, nor what is held beside it", async () => {
    const self = realPorts().processes.self();
    const holder = { runId: "dpl-20260131T123045Z-abcdef", ...self, epoch: 1, token: "abcdef" };
    const folder = folderWith({ [LOCK]: JSON.stringify(holder), [`${LOCK}.held`]: HELD });
    const screen = terminal(true, codeIn);
    expect(await release(folder, screen)).toBe(64);
    expect(screen.shown.join("")).toContain("is alive");
    expect(existsSync(join(folder, LOCK))).toBe(true);
    expect(existsSync(join(folder, `${LOCK}.held`))).toBe(true);
  });
});
