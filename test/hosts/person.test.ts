import { describe, expect, it } from "vitest";
import type { Terminal } from "../../mcp-server/hosts/cli/output.ts";
import { confirmAtTerminal } from "../../mcp-server/hosts/cli/person.ts";
import { fakeIds } from "../fakes/index.ts";

function terminal(isTty: boolean): Terminal & { shown: string[] } {
  const shown: string[] = [];
  return { isTty, colours: false, columns: 80, out: () => {}, err: (text) => shown.push(text), shown };
}

/** The code as a person reads it off the screen. */
const codeIn = (shown: readonly string[]) =>
  /code for this one decision is (\S+)/.exec(shown.join(""))?.[1] ?? "none shown";

describe("a person's confirmation", () => {
  it("is the code that was just shown", async () => {
    const screen = terminal(true);
    const said = await confirmAtTerminal({
      sentence: "approve",
      terminal: screen,
      ids: fakeIds(),
      ask: async () => codeIn(screen.shown),
    });
    expect(said.way).toBe("terminal");
    expect(screen.shown.join("")).toContain("You are about to approve.");
  });

  it.each(["", "y", "yes", "0000-0000"])("is not %j", async (typed) => {
    const asked = confirmAtTerminal({
      sentence: "approve",
      terminal: terminal(true),
      ids: fakeIds(),
      ask: async () => typed,
    });
    await expect(asked).rejects.toThrow(/nothing was decided/);
  });

  it("is another code each time", async () => {
    const ids = fakeIds();
    const codes: string[] = [];
    for (let turn = 0; turn < 3; turn++) {
      const screen = terminal(true);
      await confirmAtTerminal({ sentence: "x", terminal: screen, ids, ask: async () => codeIn(screen.shown) });
      codes.push(codeIn(screen.shown));
    }
    expect(new Set(codes).size).toBe(3);
  });

  it("cannot be given without a terminal, and nothing is asked there", async () => {
    let asked = false;
    const ask = async () => {
      asked = true;
      return "";
    };
    await expect(
      confirmAtTerminal({ sentence: "x", terminal: terminal(false), ids: fakeIds(), ask }),
    ).rejects.toMatchObject({
      code: "refused",
      exit: 64,
    });
    expect(asked).toBe(false);
  });
});
