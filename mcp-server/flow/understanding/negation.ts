/** A span of a text, end exclusive. */
export interface Span {
  readonly start: number;
  readonly end: number;
}

const NEGATORS =
  /\b(?:no|not|never|without|avoid(?:ing)?|skip(?:ping)?|exclud(?:e|ing)|except|instead of|rather than|anything but|everything but|all but|other than|refuse|rule out|against|nor|neither|forbid|stop|drop|cannot|can't|don't|doesn't|isn't|aren't|won't|wouldn't|shouldn't|mustn't)\b(?! (?:only|just|later|more|less)\b)/gi;

const VERBS = /\b(?:use|using|prefer|choose|choosing|pick|take|want|go with|deploy with)\b/i;

const DENIED_AFTER =
  /^ ?(?:(?:strategy|deployment|rollout|release|approach|phase) ?)?(?:(?:(?:is|are|was|be|should|shall|must|may|can|could|will|has|have|had) ){1,3}(?:not|never|avoided|excluded|forbidden|ruled out|out of the question|unwanted|unacceptable|disallowed|prohibited|off the table|no option|impossible)\b|(?:isn't|aren't|can't|cannot|won't|shouldn't|mustn't)\b|(?:not|un)[ -]?(?:required|needed|necessary|wanted|included|allowed|critical|possible|applicable)\b|[:=] ?(?:no|not|never|none)\b|(?:never|no) ?$)/i;

/**
 * How often a phrase of a segment is denied: by negators before it in their scope, or by what follows it. Two
 * denials are for the caller to call unclear. `others` are the spans of all phrases of the segment.
 */
export function denials(segment: string, phrase: Span, others: readonly Span[]): number {
  const before = negatorsOf(segment, others).filter(({ end }) => end <= phrase.start);
  const inScope = before.filter((negator) => !endsBefore(segment, negator, phrase, others));
  const after = DENIED_AFTER.test(segment.slice(phrase.end)) ? 1 : 0;
  return inScope.length + after;
}

/** A negator that denies nothing in its own segment may deny what follows in the next. */
export function dangles(segment: string, phrases: readonly Span[]): boolean {
  return negatorsOf(segment, phrases).some(
    (negator) =>
      !phrases.some(({ start }) => start >= negator.end) &&
      !phrases.some(({ end }) => end <= negator.start && DENIED_AFTER.test(segment.slice(end))),
  );
}

/** A verb that says what shall be done, so that what follows stands on its own. */
export function startsAnew(segment: string): boolean {
  const verb = VERBS.exec(segment);
  return verb !== null && negatorsOf(segment, []).every(({ start }) => start > verb.index);
}

/** Negators that are no part of a phrase, such as the `no` of `no downtime`. */
function negatorsOf(segment: string, phrases: readonly Span[]): Span[] {
  const denied = /\b(?:neither|not|no|never|n't)\b/i;
  return [...segment.matchAll(NEGATORS)]
    .filter((match) => match[0].toLowerCase() !== "nor" || !denied.test(segment.slice(0, match.index)))
    .map((match) => ({ start: match.index, end: match.index + match[0].length }))
    .filter(({ start, end }) => !phrases.some((phrase) => phrase.start < end && start < phrase.end));
}

/** A scope ends where, after something was denied, a verb begins anew: "instead of canary use blue-green". */
function endsBefore(segment: string, negator: Span, phrase: Span, others: readonly Span[]): boolean {
  return others.some(
    ({ start, end }) => start >= negator.end && end <= phrase.start && VERBS.test(segment.slice(end, phrase.start)),
  );
}
