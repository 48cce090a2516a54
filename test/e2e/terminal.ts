import type { Terminal } from "../../mcp-server/hosts/cli/output.ts";

/** A person at a terminal who types the code that is shown. */
export function personAtTerminal(): { terminal: Terminal; shown: readonly string[] } {
  const shown: string[] = [];
  const terminal: Terminal = {
    isTty: true,
    colours: false,
    columns: 120,
    out: (text) => void shown.push(text),
    err: (text) => void shown.push(text),
    ask: async () => /code for this one decision is (\S+)/.exec(shown.join(""))?.[1] ?? "none shown",
  };
  return { terminal, shown };
}
