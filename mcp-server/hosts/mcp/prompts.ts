import { FlowError } from "../../vocab/index.ts";

/** A prompt as a host lists it; hosts show them as slash commands. */
export interface ListedPrompt {
  readonly name: string;
  readonly title: string;
  readonly description: string;
  readonly arguments: readonly { readonly name: string; readonly description: string; readonly required: boolean }[];
}

interface Prompt extends ListedPrompt {
  readonly text: (args: Readonly<Record<string, string>>) => string;
}

const argument = (name: string, description: string, required = true) => ({ name, description, required });

const PROMPTS: readonly Prompt[] = [
  {
    name: "deploy",
    title: "Deploy to production",
    description: "Bring a version to production through its gates",
    arguments: [
      argument("version", "the version, e.g. 2.4.0"),
      argument("guidance", "wishes in plain words, e.g. canary, high risk", false),
    ],
    text: ({ version, guidance }) =>
      [
        `Deploy version ${version} to production.`,
        ...(guidance ? [`Guidance, in my words: ${guidance}`] : []),
        "Use deploy-start with exactly this, then deploy-next until state is finished and no briefs are left. Pass every message on as it is. Ask me for approvals and decisions; I alone give them.",
      ].join("\n"),
  },
  {
    name: "status",
    title: "Where the deployment stands",
    description: "Say where the run stands and what is to be done",
    arguments: [],
    text: () =>
      "Call deploy-next, tell me an announcement first, then its message as it is, and what I have to decide, if anything.",
  },
  {
    name: "rollback",
    title: "Go back now",
    description: "Bring the old version back; never gated",
    arguments: [argument("reason", "why, for the record")],
    text: ({ reason }) =>
      `Go back to the old version now: deploy-decide with rollback (abort when no user has seen the new version yet), reason: ${reason}. Then follow it with deploy-next until it is verified.`,
  },
  {
    name: "regression-check",
    title: "Compare two runs of tests",
    description: "Compare test results for regressions",
    arguments: [
      argument("baseline", "a stored label, or report files"),
      argument("candidate", "a stored label, or report files"),
    ],
    text: ({ baseline, candidate }) =>
      `Compare with regression-check: baseline ${baseline}, candidate ${candidate}, threshold 0. Tell me the verdict, the rate and every lost test.`,
  },
];

/** What a host lists. */
export function listPrompts(): readonly ListedPrompt[] {
  return PROMPTS.map(({ text: _text, ...listed }) => listed);
}

/** The words of a prompt with its arguments. Throws FlowError `usage` for an unknown name or a missing argument. */
export function promptText(name: string, args: Readonly<Record<string, string>>): string {
  const prompt = PROMPTS.find((one) => one.name === name);
  const missing = prompt?.arguments.find((one) => one.required && !args[one.name]?.trim());
  if (prompt && !missing) return prompt.text(args);
  throw new FlowError({
    code: "usage",
    what: prompt ? `the argument ${missing?.name} is missing` : "there is no such prompt",
    expected: prompt ? missing?.description : PROMPTS.map((one) => one.name).join(", "),
    next: "list the prompts",
  });
}
