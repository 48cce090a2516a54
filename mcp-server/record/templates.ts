import Handlebars from "handlebars";
import advice from "../../templates/artifacts/partials/advice.hbs";
import bullets from "../../templates/artifacts/partials/bullets.hbs";
import checks from "../../templates/artifacts/partials/checks.hbs";
import contacts from "../../templates/artifacts/partials/contacts.hbs";
import criteria from "../../templates/artifacts/partials/criteria.hbs";
import events from "../../templates/artifacts/partials/events.hbs";
import evidence from "../../templates/artifacts/partials/evidence.hbs";
import facts from "../../templates/artifacts/partials/facts.hbs";
import gaps from "../../templates/artifacts/partials/gaps.hbs";
import journeys from "../../templates/artifacts/partials/journeys.hbs";
import metrics from "../../templates/artifacts/partials/metrics.hbs";
import shares from "../../templates/artifacts/partials/shares.hbs";
import sideEffects from "../../templates/artifacts/partials/side-effects.hbs";
import signOffs from "../../templates/artifacts/partials/sign-offs.hbs";
import smokeGroups from "../../templates/artifacts/partials/smoke-groups.hbs";
import tell from "../../templates/artifacts/partials/tell.hbs";
import frame from "../../templates/briefs/frame.hbs";
import type { Mark } from "./artifact-kinds/messages.ts";
import { ms, num, pct, span, time } from "./figures.ts";
import { cell, code, codeCell, fence, file, md, plain, prose, quote } from "./markdown.ts";

const MARKS: Record<Mark, string> = { done: "✓", running: "⏳", failed: "❌", warning: "⚠️", unknown: "?" };

/** What a template may call. A value reaches a document through one of these and in no other way. */
export const HELPERS = {
  plain,
  md,
  cell,
  code,
  codeCell,
  file,
  fence,
  prose,
  quote,
  pct,
  ms,
  span,
  time,
  // Handlebars hands its options over as the last argument, also where the template gives no digits.
  num: (value: unknown, digits: unknown) => num(value, typeof digits === "number" ? digits : 0),
  mark: (value: Mark) => MARKS[value],
} as const;

/** Fragments that several artifacts share. */
export const PARTIALS = {
  advice,
  bullets,
  checks,
  contacts,
  criteria,
  events,
  evidence,
  facts,
  frame,
  journeys,
  gaps,
  metrics,
  shares,
  "side-effects": sideEffects,
  "sign-offs": signOffs,
  "smoke-groups": smokeGroups,
  tell,
} as const;

// Values are escaped for Markdown by the helpers, so not for HTML; what a view lacks is an error, not an empty place.
const OPTIONS = { noEscape: true, strict: true, knownHelpersOnly: true, knownHelpers: namesOf(HELPERS) };

const engine = Handlebars.create();
for (const [name, helper] of Object.entries(HELPERS)) engine.registerHelper(name, helper);
const compiled = new Map<string, Handlebars.TemplateDelegate>();
let partials: Record<string, Handlebars.TemplateDelegate> | undefined;

/** Fills a template with a view. The same template is compiled once, at its first use. */
export function fill(template: string, view: object): string {
  partials ??= Object.fromEntries(
    Object.entries(PARTIALS).map(([name, text]) => [name, engine.compile(text, OPTIONS)]),
  );
  let run = compiled.get(template);
  if (!run) {
    run = engine.compile(template, OPTIONS);
    compiled.set(template, run);
  }
  return run(view, { partials });
}

function namesOf(helpers: object): Record<string, boolean> {
  return Object.fromEntries(Object.keys(helpers).map((name) => [name, true]));
}
