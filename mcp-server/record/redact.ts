/** What stands where a secret was. */
export const REDACTED = "[redacted]";

/** Characters kept of one quoted text. */
export const QUOTE_LIMIT = 2_000;

interface SecretShape {
  readonly name: string;
  readonly pattern: RegExp;
  /** What of the match stays, in the syntax of String.replace; nothing but the mark by default. */
  readonly keep?: string;
}

/**
 * Shapes of secrets, from their issuers' documentation. Every repetition is bounded or over one character class that
 * nothing after it can match, so that hostile text costs linear time.
 */
export const SECRET_SHAPES: readonly SecretShape[] = [
  // Ends with the text when the end line was cut off.
  {
    name: "private key",
    pattern: /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END [A-Z0-9 ]{0,40}-----|$)/g,
  },
  { name: "json web token", pattern: /\beyJ[\w-]{8,}\.[\w-]{4,}(?:\.[\w-]*)?/g },
  { name: "aws access key id", pattern: /\b(?:AKIA|ASIA|ABIA|ACCA)[0-9A-Z]{16}\b/g },
  { name: "github token", pattern: /\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,})/g },
  { name: "gitlab token", pattern: /\bgl(?:pat|dt|rt|ft|soat|cbt|agent)-[\w-]{16,}/g },
  { name: "slack token", pattern: /\bxox[a-z]-[\w-]{8,}|\bxapp-\d-[\w-]{8,}/g },
  { name: "slack webhook", pattern: /hooks\.slack\.com\/(?:services|workflows)\/[\w/-]+/g },
  { name: "stripe key", pattern: /\b(?:[sr]k_(?:live|test)|whsec)_\w{10,}/g },
  { name: "google api key", pattern: /\bAIza[\w-]{35}/g },
  { name: "google oauth token", pattern: /\bya29\.[\w-]{20,}/g },
  { name: "npm token", pattern: /\bnpm_\w{30,}/g },
  { name: "pypi token", pattern: /\bpypi-[\w-]{16,}/g },
  { name: "docker token", pattern: /\bdckr_[a-z]{3}_[\w-]{20,}/g },
  { name: "sendgrid key", pattern: /\bSG\.[\w-]{16,}\.[\w-]{16,}/g },
  { name: "vault token", pattern: /\bhv[sbr]\.[\w-]{20,}/g },
  { name: "digitalocean token", pattern: /\bdo[opr]_v1_[0-9a-f]{32,}/g },
  { name: "model provider key", pattern: /\bsk-(?:[a-z]{2,8}-)?[\w-]{20,}/g },
  { name: "azure storage key", pattern: /\b(AccountKey|SharedAccessSignature)=[^\s;"']+/gi, keep: `$1=${REDACTED}` },
  {
    name: "authorization header",
    pattern: /\b(authorization["']?\s{0,4}[:=]\s{0,4}["']?(?:[A-Za-z]{3,20} {1,4})?)[^\s"',;]+/gi,
    keep: `$1${REDACTED}`,
  },
  { name: "bearer token", pattern: /\b(Bearer\s{1,4})[\w.~+/=:-]{16,}/gi, keep: `$1${REDACTED}` },
  { name: "cookie header", pattern: /\b((?:Set-)?Cookie["']?\s{0,4}:\s{0,4})[^\r\n]+/gi, keep: `$1${REDACTED}` },
  {
    name: "credentials in a URL",
    pattern: /\b([a-z][a-z0-9+.-]{0,30}:\/\/)[^\s/?#@"'<>]{1,300}@/gi,
    keep: `$1${REDACTED}@`,
  },
  {
    name: "named secret",
    pattern:
      /\b([\w.-]{0,60}?(?:passwords?|passwd|passphrase|pwd|secrets?|tokens?|api[-_]?keys?|(?:access|private|signing|encryption|account)[-_]?keys?|credentials?|session[-_]?id)["']?\s{0,4}(?:=>|:=|=|:)\s{0,4})(?:"(?:[^"\\\n]|\\.)*"?|'(?:[^'\\\n]|\\.)*'?|[^\s,;&"'<>{}[\]()]+)/gi,
    keep: `$1${REDACTED}`,
  },
  {
    name: "secret as an option",
    // Not after a letter or a dash: `wrong-password (P1)` is a name and no option.
    pattern: /(?<![\w-])(--?[\w-]{0,60}(?:password|passwd|passphrase|secret|token|api-?key)\s{1,4})(?![-[])[^\s"']+/gi,
    keep: `$1${REDACTED}`,
  },
];

// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const TERMINAL_SEQUENCE = /\u001b(?:\[[0-?]*[ -/]*[@-~]|\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|.)?/g;
// Control characters but tab and newline, invisible ones, and those that reorder what is read.
// biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
const INVISIBLE = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u00ad\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff]/g;

/**
 * A text of foreign origin as it may be quoted: secrets of known shapes masked, control characters removed, cut to
 * `limit` characters. A filter for what is quoted, no proof that nothing secret is left.
 */
export function redact(text: string, limit = QUOTE_LIMIT): string {
  // Masking shortens, so look further than is kept; a word cut in two might hide its shape and goes as a whole.
  const margin = limit + 4_096;
  const whole = text.length <= margin;
  const head = whole ? text : text.slice(0, margin).replace(/\S{1,512}$/, "");
  const clean = head.replace(/\r\n?/g, "\n").replace(TERMINAL_SEQUENCE, "").replace(INVISIBLE, "");
  const masked = mask(clean);
  if (masked.length > limit) return `${wellFormed(masked.slice(0, limit))}…`;
  return whole ? wellFormed(masked) : `${wellFormed(masked)}…`;
}

/** {@link redact} over several texts. */
export function redactTexts(texts: readonly string[], limit = QUOTE_LIMIT): string[] {
  return texts.map((text) => redact(text, limit));
}

/** Half a surrogate pair cannot be written as UTF-8; it becomes the replacement character. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString("utf8");
}

/** Masking one secret can bare the edge of the next. */
function mask(text: string): string {
  let before = text;
  for (let pass = 0; pass < 4; pass += 1) {
    let after = before;
    for (const { pattern, keep } of SECRET_SHAPES) after = after.replace(pattern, keep ?? REDACTED);
    if (after === before) break;
    before = after;
  }
  return before;
}
