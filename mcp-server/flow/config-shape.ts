import { z } from "zod";
import { quoteValue } from "../vocab/index.ts";
import { DeployConfig } from "./config.ts";

/** The parts of JSON Schema that say which keys a section may have. */
export interface Shape {
  readonly properties?: Readonly<Record<string, Shape>>;
  readonly items?: Shape;
  readonly anyOf?: readonly Shape[];
  readonly oneOf?: readonly Shape[];
  readonly const?: unknown;
}

/** A path into deploy.yaml: names of keys and numbers of list items. */
export type KeyPath = readonly (string | number)[];

/** A path as people write it: `smoke.checks[0].path`. A name that is no plain word is quoted. */
export function keyText(path: KeyPath): string {
  const written = (part: string) => (/^[\w-]{1,60}$/.test(part) ? part : quoteValue(part, 60));
  return path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${written(part)}`))
    .join("")
    .replace(/^\./, "");
}

/** The path that a text such as `smoke.checks[0].path` names. */
export function keyPath(text: string): KeyPath {
  return [...text.matchAll(/\[(\d+)\]|([^.[\]]+)/g)].map(([, index, name]) =>
    index === undefined ? (name ?? "") : Number(index),
  );
}

let whole: Shape | undefined;

/** The shape of deploy.yaml; made only when something is wrong. */
export function deployShape(): Shape {
  whole ??= z.toJSONSchema(DeployConfig, { io: "input", unrepresentable: "any" }) as Shape;
  return whole;
}

/** The shapes that a value may have at a path; where a section is of a kind, only those of its kind. */
export function shapesAt(path: KeyPath, value: unknown): readonly Shape[] {
  let shapes: readonly Shape[] = kinds([deployShape()], value);
  let at: unknown = value;
  for (const part of path) {
    at = typeof at === "object" && at !== null ? (at as Record<string | number, unknown>)[part] : undefined;
    const below = shapes.map((shape) => (typeof part === "number" ? shape.items : shape.properties?.[part]));
    shapes = kinds(
      below.filter((shape) => shape !== undefined),
      at,
    );
  }
  return shapes;
}

function kinds(shapes: readonly Shape[], value: unknown): readonly Shape[] {
  const open = shapes.flatMap((shape) => {
    const choices = shape.anyOf ?? shape.oneOf;
    return choices ? kinds(choices, value) : [shape];
  });
  const fitting = open.filter((shape) => contradicts(shape, value) === false);
  return fitting.length > 0 ? fitting : open;
}

/** A fixed value of the shape, such as its kind, is another one in the value. */
function contradicts({ properties }: Shape, value: unknown): boolean {
  if (typeof value !== "object" || value === null) return false;
  return Object.entries(properties ?? {}).some(
    ([key, shape]) =>
      shape.const !== undefined && key in value && (value as Record<string, unknown>)[key] !== shape.const,
  );
}

/** The keys that a section may have at a path. */
export function knownKeys(path: KeyPath, value: unknown): readonly string[] {
  return [...new Set(shapesAt(path, value).flatMap(({ properties }) => Object.keys(properties ?? {})))];
}

/** Sections that know a key of this name, as `target` or `staging.load`; for a key that stands in the wrong one. */
export function homesOf(key: string): readonly string[] {
  const homes = new Set<string>();
  const walk = (shape: Shape, path: string): void => {
    for (const choice of shape.anyOf ?? shape.oneOf ?? []) walk(choice, path);
    for (const [name, child] of Object.entries(shape.properties ?? {})) {
      if (name === key) homes.add(path);
      walk(child, path === "" ? name : `${path}.${name}`);
    }
    if (shape.items) walk(shape.items, `${path}[]`);
  };
  walk(deployShape(), "");
  return [...homes];
}
