import {
  DIMENSIONS,
  type DimensionName,
  type GateInput,
  type GateVerdict,
  JUDGE,
  productionGate,
  rollbackVerification,
  stagingGate,
  type TestsVerdict,
  testsDimension,
} from "../judge/index.ts";
import { type Dimension, FlowError, type Verdict } from "../vocab/index.ts";
import { type PresentedDimension, readPresented } from "./presented-evidence.ts";
import type { PresentedInput } from "./presented-input.ts";
import { compareNamed } from "./reports.ts";
import type { ToolIo } from "./tool.ts";

/** What a gate is to be decided on. */
export interface GateAsked {
  readonly gate: "staging" | "production" | "rollback";
  readonly threshold: number;
  readonly baseline?: readonly string[] | undefined;
  readonly candidate?: readonly string[] | undefined;
  readonly evidence: readonly string[];
  readonly notApplicable?: Partial<Record<DimensionName, string>> | undefined;
}

/** Judges all evidence that was handed in, by the rules of the gate; names each piece once. */
export async function decideGate(
  asked: GateAsked,
  io: ToolIo,
): Promise<{ gate: GateVerdict; inputs: PresentedInput[]; tests: TestsVerdict | undefined }> {
  const compared = await testsOf(asked, io);
  const presented = [
    ...compared.presented,
    ...asked.evidence.flatMap((path) => readPresented(path, asked.threshold, io)),
  ];
  const inputs = new Map(presented.map(({ input }) => [`${input.rawSha256} ${input.files.join()}`, input]));
  return {
    gate: judge(asked, gateInput(asked, presented)),
    inputs: [...inputs.values()],
    tests: compared.tests,
  };
}

async function testsOf(
  asked: GateAsked,
  io: ToolIo,
): Promise<{ presented: PresentedDimension[]; tests: TestsVerdict | undefined }> {
  const { baseline, candidate, threshold } = asked;
  if (!baseline && !candidate) return { presented: [], tests: undefined };
  if (!baseline || !candidate) {
    throw new FlowError({
      code: "usage",
      what: "test results need both sides",
      expected: "baseline and candidate",
      found: baseline ? "no candidate" : "no baseline",
      next: "name the other side too, or leave both away",
    });
  }
  const { verdict, inputs } = await compareNamed({ baseline, candidate, threshold, scope: "full" }, io);
  const dimension: Verdict = { ...testsDimension(verdict, JUDGE), inputs: [] };
  return { presented: inputs.map((input) => ({ name: "tests", verdict: dimension, input })), tests: verdict };
}

/** Two pieces of evidence for one dimension do not outvote each other: the worse one counts. */
function gateInput(asked: GateAsked, presented: readonly PresentedDimension[]): GateInput {
  const rank = { FAIL: 0, INCONCLUSIVE: 1, PASS: 2 };
  const dimensions: Partial<Record<DimensionName, Dimension>> = {};
  for (const { name, verdict } of [...presented].sort((a, b) => rank[b.verdict.outcome] - rank[a.verdict.outcome])) {
    dimensions[name] = verdict;
  }
  for (const name of DIMENSIONS) {
    const reason = asked.notApplicable?.[name];
    if (reason === undefined) continue;
    if (dimensions[name]) {
      throw new FlowError({
        code: "usage",
        what: `there is evidence for ${name}, so it cannot be declared not applicable`,
        next: "leave out one of the two",
      });
    }
    dimensions[name] = { outcome: "NOT_APPLICABLE", reason };
  }
  return { threshold: asked.threshold, ...dimensions };
}

function judge(asked: GateAsked, input: GateInput): GateVerdict {
  switch (asked.gate) {
    case "staging":
      return stagingGate(input);
    case "production":
      return productionGate(input);
    case "rollback":
      return rollbackVerification(input);
    default:
      return asked.gate satisfies never;
  }
}
