import { FlowError, quoteValue } from "../vocab/index.ts";

const PLACEHOLDER = /\{([a-zA-Z][a-zA-Z0-9]*)\}/g;

/** Names that stand in braces in a configured text, in their order. */
export function placeholdersIn(text: string): string[] {
  return [...text.matchAll(PLACEHOLDER)].flatMap(([, name]) => (name === undefined ? [] : [name]));
}

/**
 * Replaces `{name}` in a configured text. A name without a value is a FlowError of code `config`: a command that
 * receives the braces literally would run on something nobody meant. `{}` and braces around other characters stay.
 */
export function fillPlaceholders(text: string, values: Readonly<Record<string, string>>, key: string): string {
  return text.replace(PLACEHOLDER, (written, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value !== undefined) return value;
    throw new FlowError({
      code: "config",
      what: "a placeholder has no value here",
      expected: Object.keys(values)
        .map((known) => `{${known}}`)
        .join(", "),
      found: quoteValue(written),
      where: { file: "deploy.yaml", key },
      next: "use one of the expected placeholders or remove the braces",
    });
  });
}
