import type { Meaning } from "./finding.ts";

/** One phrase that guidance may hold: its pattern, what it means, and what its negation means. */
export interface Phrase {
  readonly topic: string;
  /** Without flags; case is ignored. Every repetition is bounded. */
  readonly pattern: string;
  readonly means: (match: RegExpExecArray) => Meaning;
  /** Absent: the negation is understood and changes nothing. */
  readonly negated?: (match: RegExpExecArray) => Meaning;
  /** Can only make a gate stricter, so that a doubt about another phrase does not hold it back. */
  readonly tightens: boolean;
}

const LOOSENS = "not applied: guidance never loosens a gate; say it by flag";
const MORE =
  "(?:extra|extended|extensive|longer|more|additional|increased|prolonged|thorough|comprehensive|deep|deeper|careful|full)";
const LESS = "(?:minimal|minimum|quick|light|lightweight|fewer|less|reduced|basic|shorter|short)";
const PAIR = "(?:\\w{1,20} (?:and|&) )?";
const CHECKS = "(?:validation|verification|smoke[ -]tests?|smoke[ -]checks?|testing|tests|checks)";
const WATCHING = "(?:monitoring|observation|watching|watch|bake time|baking)";
const SPAN = "(\\d{1,4}) ?-?(s|sec|secs|seconds?|m|min|mins|minutes?|h|hrs?|hours?)\\b";
const PERCENT = "(\\d{1,3}(?:\\.\\d{1,6})?) ?%";

/** Stands in a text for a list of stages that was taken out of it. */
export const STAGES_MARK = "\u00a7";

const constant = (meaning: Meaning) => () => meaning;
const remark = (value: string) => constant({ about: "remark", value });

/** A span with a unit as people write it, milliseconds. */
export function spanMs(count: string | undefined, unit: string | undefined): number {
  const letter = (unit ?? "m").charAt(0).toLowerCase();
  return Number(count) * (letter === "s" ? 1_000 : letter === "h" ? 3_600_000 : 60_000);
}

function strategy(value: "canary" | "blue-green" | "rolling", pattern: string): Phrase {
  return {
    topic: "strategy",
    pattern,
    means: constant({ about: "strategy", value }),
    negated: constant({ about: "avoid", value }),
    tightens: false,
  };
}

function risk(value: "low" | "medium" | "high", adjectives: string, more = ""): Phrase {
  const level = `\\b${adjectives}[ -]?risk\\b|\\brisk(?: level)?(?: is|:| =)? ?${adjectives}\\b`;
  return { topic: "risk", pattern: level + more, means: constant({ about: "risk", value }), tightens: false };
}

function tightening(topic: string, pattern: string, means: Phrase["means"]): Phrase {
  return { topic, pattern, means, tightens: true, negated: remark(LOOSENS) };
}

/** The words that guidance is understood by. What is not here is commentary. Of one topic the first match wins. */
export const VOCABULARY: readonly Phrase[] = [
  strategy("blue-green", "\\bblue[ /-]?green\\b|\\binstant cutover\\b"),
  strategy(
    "canary",
    "\\bcanar(?:y|ies)\\b|\\b(?:progressive|gradual) (?:rollout|roll-out|delivery|deployment|release)\\b",
  ),
  strategy(
    "rolling",
    "\\brolling (?:updates?|deployments?|strategy|upgrade|restart|release)\\b|\\brolling\\b(?! (?:back|out|forward|over))|\\b(?:node|instance)[ -]by[ -](?:node|instance)\\b",
  ),
  risk("high", "(?:high|higher|highest)", "|\\brisky\\b|\\barchitectur(?:e|al) changes?\\b"),
  risk("medium", "(?:medium|moderate)"),
  risk("low", "(?:low|lower|lowest)", "|\\broutine (?:update|release|deployment)\\b"),
  {
    topic: "downtime",
    pattern:
      "\\bzero[ -]?downtime\\b|\\b(?:no|without(?: any)?) downtime\\b|\\bdowntime (?:is )?(?:not (?:acceptable|allowed|tolerable|ok)|unacceptable)\\b",
    means: constant({ about: "downtime", value: "zero" }),
    negated: constant({ about: "downtime", value: "acceptable" }),
    tightens: false,
  },
  {
    topic: "downtime",
    pattern: "\\bdowntime (?:is )?(?:acceptable|allowed|tolerable|ok|okay|fine)\\b|\\b(?:minimal|some) downtime\\b",
    means: constant({ about: "downtime", value: "acceptable" }),
    tightens: false,
  },
  {
    topic: "migrations",
    pattern: "\\b(?:(?:database|db|schema|data) )?migrations?\\b|\\b(?:database )?schema changes?\\b",
    means: constant({ about: "migrations", value: "included" }),
    negated: constant({ about: "migrations", value: "none" }),
    tightens: false,
  },
  tightening(
    "rollback-tolerance",
    "\\b(?:instant|instantaneous|immediate) roll[ -]?back\\b|\\broll(?:ing)?[ -]?back (?:must|has to|should) be (?:instant|immediate)\\b",
    constant({ about: "rollback-tolerance", value: 60_000 }),
  ),
  tightening("rollback-tolerance", `\\broll[ -]?back (?:with)?in (?:under |less than |at most )?${SPAN}`, (match) => ({
    about: "rollback-tolerance",
    value: spanMs(match[1], match[2]),
  })),
  tightening(
    "rollback-tolerance",
    "\\b(?:fast|quick) roll[ -]?back\\b",
    constant({ about: "rollback-tolerance", value: 300_000 }),
  ),
  {
    topic: "rollback-on-regression",
    pattern:
      "\\bmanual(?:ly)? (?:roll[ -]?back|decisions?)\\b|\\bask before roll(?:ing)?[ -]?back\\b|\\b(?:no|without) (?:auto(?:matic)?[ -])?roll[ -]?back\\b|\\b(?:never|not|don't) roll[ -]?back\\b(?: automatically)?",
    means: remark("not applied: guidance never loosens a gate; the flag is --no-rollback-on-regression"),
    tightens: false,
  },
  tightening(
    "rollback-on-regression",
    "\\bauto(?:matic(?:ally)?)?[ -]?roll(?:ing)?[ -]?back\\b|\\broll[ -]?back automatically\\b",
    constant({ about: "rollback-on-regression" }),
  ),
  tightening("observe", `\\b${SPAN} (?:of )?${WATCHING}\\b`, (match) => ({
    about: "observe",
    value: spanMs(match[1], match[2]),
  })),
  tightening(
    "observe",
    `\\b(?:observe|monitor|watch|monitoring|observation|bake)\\b(?: (?:period|time|window|for|of|at|least|is|it|the|release|slos?)){0,4}:? ${SPAN}`,
    (match) => ({ about: "observe", value: spanMs(match[1], match[2]) }),
  ),
  tightening("observe", `\\b${MORE} ${PAIR}${WATCHING}\\b`, constant({ about: "observe-longer" })),
  tightening("depth", `\\b${MORE} ${PAIR}${CHECKS}\\b`, constant({ about: "depth", value: "thorough" })),
  {
    topic: "less",
    pattern: `\\b${LESS} ${PAIR}(?:${CHECKS}|${WATCHING})\\b|\\b(?:skip|skipping|bypass|disable|ignore|no|without) (?:\\w{1,20} ){0,2}(?:${CHECKS}|${WATCHING}|staging|gates?|approval|readiness|baseline)\\b`,
    means: remark(LOOSENS),
    negated: remark("nothing of that would be left out in any case"),
    tightens: false,
  },
  tightening(
    "threshold",
    "\\bzero[ -]tolerance\\b|\\bno regressions?(?: (?:is |are )?(?:allowed|accepted|acceptable|tolerated))?\\b",
    constant({ about: "threshold", value: 0 }),
  ),
  tightening(
    "threshold",
    `\\b(?:regression )?(?:threshold|tolerance)(?: of| is| at|:)? ?${PERCENT}|\\b(?:allow|accept|tolerate)(?:s|ing)? (?:up to |at most |max )?${PERCENT} (?:of )?regressions?\\b`,
    (match) => ({ about: "threshold", value: Number(match[1] ?? match[2]) }),
  ),
  tightening(
    "slo-error-rate",
    `\\berror rate ?(?:is |must be )?(?:below|under|at most|<=?|max) ?${PERCENT}`,
    (match) => ({
      about: "slo-error-rate",
      value: Number(match[1]),
    }),
  ),
  tightening(
    "slo-latency-p99",
    "\\bp99(?: latency)? ?(?:is |must be )?(?:below|under|at most|<=?|max) ?(\\d{1,6}) ?ms\\b",
    (match) => ({ about: "slo-latency-p99", value: Number(match[1]) }),
  ),
  {
    topic: "first-deploy",
    pattern:
      "\\bfirst(?:[ -](?:ever|time))? (?:production )?(?:deployment|deploy|release|rollout|launch)\\b|\\binitial (?:production )?(?:deployment|release)\\b",
    means: constant({ about: "first-deploy" }),
    tightens: false,
  },
  {
    topic: "maintenance-window",
    pattern: "\\b(?:(?:extended|planned|scheduled|long|longer) )?maintenance (?:window|period|mode)\\b",
    means: remark("noted: a maintenance window is the service's own affair; every gate judges as ever"),
    tightens: false,
  },
  {
    topic: "timeline",
    pattern:
      "\\b(?:urgent|urgently|asap|as soon as possible|hurry|rush|quickly|today|tonight|tomorrow|deadline|hot ?fix|emergency|off[ -]?peak|after hours|weekend|release train)\\b",
    means: remark("noted: a timeline shortens no watch and no gate"),
    tightens: false,
  },
  {
    topic: "stages",
    pattern: `${STAGES_MARK}+`,
    means: remark("not applied: no list of stages"),
    tightens: false,
  },
];
