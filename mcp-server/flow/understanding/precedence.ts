import { FlowError } from "../../vocab/index.ts";
import type { Source, Understood } from "../parameters.ts";

/** What one source says of one parameter. */
export interface Claim<T> {
  readonly value: T;
  readonly source: Source;
  /** The words of guidance; absent for other sources. */
  readonly words?: string;
}

/** A parameter's value, and the rows that tell people where it came from. */
export interface Settled<T> {
  readonly value: T;
  readonly source: Source;
  readonly rows: readonly Understood[];
}

export const flag = <T>(value: T | undefined): Claim<T>[] => (value === undefined ? [] : [{ value, source: "flag" }]);

export const answer = <T>(value: T | undefined): Claim<T>[] =>
  value === undefined ? [] : [{ value, source: "answer" }];

/** The claims of guidance, with its words. */
export function said<T>(findings: readonly { readonly value: T; readonly words: string }[]): Claim<T>[] {
  return findings.map(({ value, words }) => ({ value, source: "guidance", words }));
}

/** A parameter as people read it. */
export function row(name: string, value: string, claim: Omit<Claim<unknown>, "value">): Understood {
  return { name, value, source: claim.source, words: claim.words ?? null };
}

/**
 * The strongest claim: `own` are this run's sources in their order, which must agree; `base` is deploy.yaml or the
 * default. Throws FlowError `usage` naming both sides of a contradiction.
 */
export function pick<T>(
  name: string,
  own: readonly Claim<T>[],
  base: Claim<T>,
  text: (value: T) => string,
): Settled<T> {
  const [first = base] = own;
  const other = own.find((claim) => text(claim.value) !== text(first.value));
  if (other) throw disagreement(name, [first, other], text);
  return { value: first.value, source: first.source, rows: [row(name, text(first.value), first)] };
}

/** What two of a run's own sources say of one parameter cannot both be meant. */
export function disagreement<T>(name: string, claims: readonly Claim<T>[], text: (value: T) => string): FlowError {
  return new FlowError({
    code: "usage",
    what: `two sources of this run contradict each other about ${name}`,
    expected: "one value, said once or said alike",
    found: claims.map((claim) => `${claim.source}: ${text(claim.value)}`).join("; "),
    next: "take one of them back, and start again",
  });
}

/** A parameter of a gate, of which one value can be stricter than another. */
export interface Gate<T> {
  readonly name: string;
  /** Flag and answer: they may loosen. */
  readonly own: readonly Claim<T>[];
  /** What guidance asks for at least. */
  readonly wished: readonly Claim<T>[];
  readonly base: Claim<T>;
  readonly isStricter: (a: T, b: T) => boolean;
  readonly text: (value: T) => string;
}

/**
 * Flag and answer may set a gate anywhere; guidance can only make it stricter than deploy.yaml, and where it asks for
 * less that is said and nothing changes. A flag that is looser than the guidance beside it is a contradiction.
 */
export function tightened<T>(gate: Gate<T>): Settled<T> {
  const { name, own, wished, base, isStricter, text } = gate;
  const strictest = wished.reduce<Claim<T> | undefined>(
    (best, claim) => (best && !isStricter(claim.value, best.value) ? best : claim),
    undefined,
  );
  if (own.length > 0) {
    const settled = pick(name, own, base, text);
    if (strictest && isStricter(strictest.value, settled.value)) {
      throw disagreement(name, [{ value: settled.value, source: settled.source }, strictest], text);
    }
    return settled;
  }
  if (!strictest) return pick(name, [], base, text);
  if (isStricter(strictest.value, base.value)) return pick(name, [strictest], base, text);
  const held = `not applied: ${text(strictest.value)} is not stricter than ${text(base.value)}, and guidance never loosens a gate`;
  return {
    value: base.value,
    source: base.source,
    rows: [row(name, text(base.value), base), row(name, held, strictest)],
  };
}
