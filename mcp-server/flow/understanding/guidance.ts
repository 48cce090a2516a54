import { redact } from "../../record/redact.ts";
import type { Finding, Meaning } from "./finding.ts";
import { dangles, denials, type Span, startsAnew } from "./negation.ts";
import { type Phrase, STAGES_MARK, VOCABULARY } from "./vocabulary.ts";

/** What guidance came to. */
export interface GuidanceReading {
  readonly findings: readonly Finding[];
  /** Parts in which nothing of the vocabulary was found: commentary, they change nothing. */
  readonly commentary: readonly string[];
}

const WORDS_LIMIT = 120;
const LEFT_OUT = "less";
const UNCLEAR = "not applied: ";

/**
 * Reads free words by a closed vocabulary. A negated strategy is one to avoid; what is negated twice, conditional, a
 * question or about the past is named and changes nothing. Pure; the same words always mean the same.
 */
export function readGuidance(text: string): GuidanceReading {
  const { rest, lists } = takeStages(text.replaceAll("’", "'").replaceAll(STAGES_MARK, " "));
  const findings: Finding[] = [];
  const commentary: string[] = [];
  let before: Carried = NOTHING_CARRIED;
  for (const segment of segmentsOf(rest)) {
    const carried = segment.isSoft && !startsAnew(segment.text) ? before : NOTHING_CARRIED;
    if (!/[\w\u00a7]/.test(segment.text)) continue;
    const hits = hitsOf(segment.text);
    const words = wordsOf(segment.text, lists);
    const meant = hits.map((hit) => ({ hit, meaning: meaningOf(hit, segment, hits, carried, lists) }));
    findings.push(...distinct(meant.map(({ meaning }) => meaning)).map((meaning) => ({ ...meaning, words })));
    if (hits.length === 0) commentary.push(words);
    before = {
      denied: meant.some(({ meaning }) => meaning.about === "avoid") || carried.denied,
      dangling: dangles(segment.text, hits) || carried.dangling,
    };
  }
  return { findings, commentary };
}

/** What a part of a sentence leaves open for the next part. */
interface Carried {
  /** A strategy was denied: a bare one after a comma may be denied too. */
  readonly denied: boolean;
  /** A negator had nothing to deny. */
  readonly dangling: boolean;
}
const NOTHING_CARRIED: Carried = { denied: false, dangling: false };

interface Segment {
  readonly text: string;
  /** Only a comma, colon or line break stands before it. */
  readonly isSoft: boolean;
  readonly isQuestion: boolean;
}

interface Hit extends Span {
  readonly phrase: Phrase;
  readonly match: RegExpExecArray;
}

const BOUNDARY = /([;!?()]|\.(?=\s|$)|,|\n|: |(?<!\b(?:anything|everything|nothing|all) )\bbut\b|\bhowever\b)/i;

function segmentsOf(text: string): Segment[] {
  const parts = text.split(BOUNDARY);
  return parts.flatMap((part, index) =>
    index % 2 === 1
      ? []
      : [
          {
            text: part.replace(/\s+/g, " ").trim(),
            isSoft: index > 0 && /^(?:,|\n|: )$/.test(parts[index - 1] ?? ""),
            isQuestion: parts[index + 1] === "?",
          },
        ],
  );
}

const COMPILED = VOCABULARY.map((phrase) => ({ phrase, pattern: new RegExp(phrase.pattern, "gi") }));

/** Of one topic only the first phrase at a place counts; different topics may share words ("extra checks and monitoring"). */
function hitsOf(text: string): Hit[] {
  const hits: Hit[] = [];
  for (const { phrase, pattern } of COMPILED) {
    for (const match of text.matchAll(pattern)) {
      const span = { start: match.index, end: match.index + match[0].length };
      const isTaken = hits.some(
        (hit) => hit.phrase.topic === phrase.topic && hit.start < span.end && span.start < hit.end,
      );
      if (!isTaken) hits.push({ ...span, phrase, match });
    }
  }
  return hits.sort((a, b) => a.start - b.start);
}

const CONDITIONAL =
  /\b(?:if|unless|in case|when|whenever|maybe|perhaps|possibly|might|could|unsure|undecided|whether)\b/i;
const PAST =
  /\b(?:last (?:time|release|week|month|deployment|rollout)|previous(?:ly)?|yesterday|failed|used to|ago|earlier|formerly|was|were|had)\b/i;

function meaningOf(
  hit: Hit,
  segment: Segment,
  hits: readonly Hit[],
  carried: Carried,
  lists: readonly number[][],
): Meaning {
  const { phrase, match } = hit;
  const unclear = (why: string): Meaning => ({ about: "remark", value: `${UNCLEAR}${why}` });
  if (segment.isQuestion) return unclear("it is a question");
  const conditional = CONDITIONAL.exec(segment.text);
  if (conditional) return unclear("it is conditional");
  if (PAST.test(segment.text)) return unclear("it speaks of the past");
  // What is left out is named by its own negator, which denies what stands behind it as well: "without extra checks".
  const denied = denials(
    segment.text,
    hit,
    phrase.topic === LEFT_OUT ? hits : hits.filter((other) => other.phrase.topic !== LEFT_OUT),
  );
  if (denied > 1) return unclear("it is denied twice");
  if (denied === 1) return phrase.negated?.(match) ?? unclear("it is denied, and its denial asks for nothing");
  if (!phrase.tightens && carried.dangling) return unclear("what comes before it may deny it");
  if (phrase.topic === "strategy" && carried.denied) return unclear("it may belong to what is denied before it");
  return phrase.topic === "stages" ? stagesMeant(match, lists) : phrase.means(match);
}

const LIST =
  /\d{1,3}(?:\.\d{1,3})? ?%?(?: ?(?:\u2192|->|=>|>|\/|,|, then|then|to|and then) ?\d{1,3}(?:\.\d{1,3})? ?%?){1,11}/gi;

/** Lists of percentages that end at 100 are stages; each is replaced by as many marks as its number. */
function takeStages(text: string): { rest: string; lists: number[][] } {
  const lists: number[][] = [];
  const rest = text.replace(LIST, (match) => {
    const numbers = [...match.matchAll(/\d{1,3}(?:\.\d{1,3})?/g)].map(Number);
    if (!match.includes("%") || numbers.at(-1) !== 100) return match;
    lists.push(numbers);
    return ` ${STAGES_MARK.repeat(lists.length)} `;
  });
  return { rest, lists };
}

function stagesMeant(match: RegExpExecArray, lists: readonly number[][]): Meaning {
  const value = lists[match[0].length - 1] ?? [];
  return { about: "stages", value };
}

/** The words as a person wrote them, without secrets, cut. */
function wordsOf(segment: string, lists: readonly number[][]): string {
  const marks = new RegExp(`${STAGES_MARK}+`, "g");
  const whole = segment.replace(marks, (mark) => (lists[mark.length - 1] ?? []).map((n) => `${n} %`).join(" → "));
  return redact(whole.replace(/\s+/g, " ").trim(), WORDS_LIMIT);
}

function distinct(meanings: readonly Meaning[]): Meaning[] {
  return [...new Map(meanings.map((meaning) => [JSON.stringify(meaning), meaning])).values()];
}
