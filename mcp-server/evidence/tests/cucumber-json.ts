import { z } from "zod";
import type { TestRow, TestStatus } from "../../judge/tests/row.ts";
import { openRows, optionalParts, parseReport, wholeText } from "./json.ts";
import { headText } from "./junit.ts";
import type { Limits } from "./limits.ts";
import { moreImportant, priorityInTitle, priorityOfTag } from "./priority.ts";
import type { ReportReader } from "./reader.ts";

const Step = z.object({
  result: z
    .object({ status: z.string().nullish(), duration: z.number().nullish(), error_message: z.string().nullish() })
    .nullish(),
  before: z.array(z.unknown()).nullish(),
  after: z.array(z.unknown()).nullish(),
});
type Step = z.infer<typeof Step>;
const Hooks = z.array(Step).nullish();
const Tags = z.array(z.object({ name: z.string() })).nullish();
const Element = z.object({
  id: z.string().nullish(),
  name: z.string().nullish(),
  type: z.string().nullish(),
  keyword: z.string().nullish(),
  tags: Tags,
  steps: z.array(Step).nullish(),
  before: Hooks,
  after: Hooks,
});
type Element = z.infer<typeof Element>;
const Feature = z.object({
  uri: z.string().nullish(),
  name: z.string().nullish(),
  tags: Tags,
  elements: z.array(Element).nullish(),
});
type Feature = z.infer<typeof Feature>;

/** The JSON of Cucumber and of the tools that write the same: a scenario is a test, an examples row is one. */
export const cucumberJsonReader: ReportReader = {
  format: "cucumber-json",
  sniff: (head) => {
    const text = headText(head);
    if (!/^\s*\[\s*\{/.test(text)) return 0;
    const feature = /"elements"\s*:\s*\[/.test(text) && /"keyword"\s*:/.test(text);
    return feature || (/"uri"\s*:/.test(text) && /"keyword"\s*:\s*"/.test(text)) ? 1 : 0;
  },
  read: async (src, sink, limits) => {
    const features = parseReport(await wholeText(src, limits, sink), z.array(Feature), "Cucumber");
    const { emit } = openRows(sink, limits);
    for (const feature of features) readFeature(feature, emit, limits);
    return { tool: "cucumber" };
  },
};

function readFeature(feature: Feature, emit: (row: TestRow) => void, limits: Limits): void {
  const title = feature.name ?? "";
  let suite: readonly string[] = [title];
  // A background is written before each scenario that it belongs to, and its failure is that scenario's.
  let background: readonly Step[] = [];
  for (const element of feature.elements ?? []) {
    if (element.type === "background") {
      background = [...background, ...stepsOf(element)];
      continue;
    }
    const rule = partsOf(element.id).rule;
    // Neighbours share their suite array: identities are hashed per array.
    if (suite.slice(1).join(";") !== rule.join(";")) suite = [title, ...rule];
    emit(rowOf(element, feature, suite, background, limits));
    background = [];
  }
  // The run ended in a background.
  if (background.length > 0) emit({ status: "errored", suite, name: "(scenario did not start)" });
}

function stepsOf({ before, steps, after }: Element): readonly Step[] {
  const inside = (steps ?? []).flatMap((step) => [...hooksOf(step.before), step, ...hooksOf(step.after)]);
  return [...(before ?? []), ...inside, ...(after ?? [])];
}

function hooksOf(hooks: readonly unknown[] | null | undefined): Step[] {
  return (hooks ?? []).map((hook) => {
    const step = Step.safeParse(hook);
    return step.success ? step.data : {};
  });
}

function rowOf(
  element: Element,
  feature: Feature,
  suite: readonly string[],
  background: readonly Step[],
  limits: Limits,
): TestRow {
  const steps = [...background, ...stepsOf(element)];
  const status = worstOf(steps);
  const title = element.name ?? "";
  let priority = moreImportant(priorityInTitle(title), priorityInTitle(feature.name ?? ""));
  for (const { name } of [...(feature.tags ?? []), ...(element.tags ?? [])]) {
    priority = moreImportant(priority, priorityOfTag(name));
  }
  const nanoseconds = steps.reduce((sum, { result }) => sum + (result?.duration ?? 0), 0);
  const failed = steps.find(({ result }) => result?.error_message);
  const { example } = partsOf(element.id);
  return {
    status,
    suite,
    name: example === undefined ? title : `${title} [${example}]`,
    ...(feature.uri ? { file: feature.uri } : {}),
    ...(priority === undefined ? {} : { priority }),
    ...optionalParts(
      { status, message: failed?.result?.error_message ?? undefined, durationMs: Math.round(nanoseconds / 1e3) / 1e3 },
      limits,
    ),
  };
}

/** An id is `feature;scenario`, with the rule between them; some writers add which examples row of an outline it is. */
function partsOf(id: string | null | undefined): { rule: readonly string[]; example: string | undefined } {
  const parts = (id ?? "").split(";");
  const row = parts.length >= 4 && /^\d+$/.test(parts.at(-1) ?? "");
  return {
    rule: parts.slice(1, row ? -3 : -1),
    example: row ? parts.slice(-2).join(";") : undefined,
  };
}

/** The worst step or hook decides. A step without a result did not end; a scenario without steps proves nothing. */
function worstOf(steps: readonly Step[]): TestStatus {
  const found = new Set(steps.map(({ result }) => statusOf(result?.status ?? undefined)));
  if (found.has("failed")) return "failed";
  if (found.has("errored")) return "errored";
  return found.has("skipped") || steps.length === 0 ? "skipped" : "passed";
}

/** Undefined and ambiguous steps could not run; a pending one is skipped on purpose. */
function statusOf(status: string | undefined): TestStatus {
  switch (status?.toLowerCase()) {
    case "passed":
      return "passed";
    case "failed":
      return "failed";
    case "skipped":
    case "pending":
      return "skipped";
    default:
      return "errored";
  }
}
