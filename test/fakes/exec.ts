import type { Exec, ExecOptions, Exit } from "../../mcp-server/ports/index.ts";

export interface FakeExec extends Exec {
  readonly calls: { argv: readonly string[]; options: ExecOptions }[];
}

/** Commands that a function answers; an Error means that the command cannot be started. Default: exit 0, no output. */
export function fakeExec(
  answer: (
    argv: readonly string[],
    options: ExecOptions,
  ) => Partial<Exit> | Error | Promise<Partial<Exit> | Error> = () => ({}),
): FakeExec {
  const calls: FakeExec["calls"] = [];
  return {
    calls,
    run: async (argv, options) => {
      calls.push({ argv, options });
      const parts = await answer(argv, options);
      if (parts instanceof Error) throw parts;
      const quiet = {
        code: 0,
        killedBy: undefined,
        timedOut: false,
        stdout: "",
        stderr: "",
        droppedBytes: 0,
        durationMs: 1,
      };
      return { ...quiet, ...parts };
    },
  };
}
