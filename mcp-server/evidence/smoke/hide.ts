/** What a request remembered is a session's token more often than not: messages show its name instead. */
export function withoutValues(text: string, remembered: Iterable<Readonly<Record<string, string>>>): string {
  let shown = text;
  for (const values of remembered) {
    for (const [name, value] of Object.entries(values)) {
      if (value.length >= 6) shown = shown.replaceAll(value, `{${name}}`);
    }
  }
  return shown;
}

/** Takes the values of environment variables out of a text, also in the spellings in which a service may echo them. */
export function withoutSecrets(text: string, env: Readonly<Record<string, string>>): string {
  let shown = text;
  // The longest first: one secret may be the beginning of another.
  const secrets = Object.entries(env).sort(([, a], [, b]) => b.length - a.length);
  for (const [name, value] of secrets) {
    for (const spelling of spellings(value)) shown = shown.replaceAll(spelling, `{env:${name}}`);
  }
  return shown;
}

function spellings(value: string): string[] {
  if (value === "") return [];
  const base64 = Buffer.from(value).toString("base64");
  const all = [value, JSON.stringify(value).slice(1, -1), encodeURIComponent(value), base64, base64.replace(/=+$/, "")];
  return [...new Set(all)].sort((a, b) => b.length - a.length);
}
