/** A line of YAML, or one with a remark. */
export type Line = string | readonly [yaml: string, remark: string];

/** A text as YAML: bare where that cannot be read as anything else. */
export function text(value: string): string {
  const isPlain =
    /^[A-Za-z/.][\w./-]*$/.test(value) && !/^(?:true|false|null|yes|no|on|off|y|n|\.inf|\.nan)$/i.test(value);
  return isPlain ? value : JSON.stringify(value);
}

/** A list of texts in one line. */
export function flow(values: readonly string[]): string {
  return `[${values.map(text).join(", ")}]`;
}

/** A text as it may stand in a comment: one line, nothing invisible, not endless. */
export function comment(value: string): string {
  return value.replaceAll(/\p{C}+/gu, " ").slice(0, 300);
}
