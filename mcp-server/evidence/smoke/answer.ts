import type { HttpResponse } from "../../ports/index.ts";
import { quoteValue, type Version } from "../../vocab/index.ts";
import type { HttpStep, Remembered } from "../http-step.ts";

/** What an answer means for the check that asked. */
export interface Reading {
  /** What is wrong with it; `undefined` when it is as expected. */
  readonly problem: string | undefined;
  readonly versionObserved: string | undefined;
  readonly remembered: Readonly<Record<string, string>>;
}

/** The value at a dotted path (`data.items.0.id`) of parsed JSON; own members only. */
export function valueAt(json: unknown, path: string): unknown {
  let value = json;
  for (const step of path.split(".")) {
    if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
    value = (value as Record<string, unknown>)[step];
  }
  return value;
}

/** Redaction sees this much of a body, so that no secret is first cut in half and then not known as one. */
const QUOTED_FROM = 4096;

function scalarText(value: unknown): string | undefined {
  return typeof value === "string" || typeof value === "number" ? String(value) : undefined;
}

function parsed(body: string): { json: unknown } | undefined {
  try {
    return { json: JSON.parse(body) as unknown };
  } catch {
    return undefined;
  }
}

/** The version that answered, from the place or places that the check names. Two places must agree. */
function readVersion(check: HttpStep, response: HttpResponse, json: unknown): string[] {
  const { jsonVersion, headerVersion } = check.expect;
  const said: string[] = [];
  if (jsonVersion !== undefined) said.push(scalarText(valueAt(json, jsonVersion)) ?? "");
  if (headerVersion !== undefined) said.push(response.headers[headerVersion.toLowerCase()] ?? "");
  return said;
}

function placedValue(place: Remembered, response: HttpResponse, json: unknown): string | undefined {
  if (typeof place === "string") return scalarText(valueAt(json, place));
  if ("header" in place) return response.headers[place.header.toLowerCase()];
  return cookieOf(response.headers["set-cookie"] ?? "", place.cookie);
}

/** The value that a cookie is set to. Several set-cookie headers arrive joined by commas, which no cookie value contains. */
function cookieOf(setCookie: string, name: string): string | undefined {
  for (const [, found, value] of setCookie.matchAll(/(?:^|,)\s*([^\s=;,"]+)=("[^"]*"|[^;,\s"]*)/g)) {
    if (found === name) return value?.replace(/^"|"$/g, "");
  }
  return undefined;
}

function placeText(place: Remembered): string {
  if (typeof place === "string") return quoteValue(place);
  return "header" in place ? `the header ${quoteValue(place.header)}` : `the cookie ${quoteValue(place.cookie)}`;
}

/** Compares an answer with what the check expects: status, then the version, then the body. What it quotes is redacted. */
export function readAnswer(
  check: HttpStep,
  response: HttpResponse,
  version: Version,
  redact: (text: string) => string,
): Reading {
  const quote = (text: string) => quoteValue(redact(text.slice(0, QUOTED_FROM)));
  const { expect } = check;
  const body = parsed(response.body);
  const said = readVersion(check, response, body?.json);
  const versionObserved = said.find((one) => one !== version && one !== "") ?? said.find((one) => one !== "");
  const remembered: Record<string, string> = {};
  const problems: string[] = [];
  if (response.status !== expect.status) {
    problems.push(`expected status ${expect.status}, found ${response.status} with the body ${quote(response.body)}`);
  }
  if (said.includes("")) problems.push(`the answer does not say its version where expected (${version})`);
  else if (said.some((one) => one !== version)) {
    problems.push(`expected version ${version}, found ${quote(versionObserved ?? "")}`);
  }
  if (expect.bodyContains !== undefined && !response.body.includes(expect.bodyContains)) {
    problems.push(`the body lacks ${quoteValue(expect.bodyContains)}, it begins ${quote(response.body)}`);
  }
  for (const [name, place] of Object.entries(check.remember)) {
    const value = placedValue(place, response, body?.json);
    if (value === undefined) problems.push(`the answer has no value at ${placeText(place)}`);
    else remembered[name] = value;
  }
  return { problem: problems.length === 0 ? undefined : problems.join("; "), versionObserved, remembered };
}
