import { join } from "node:path";
import { parse } from "yaml";
import type { GuardConfig } from "../../flow/guard-config.ts";
import type { Disk } from "../../ports/disk.ts";

/** Names nothing: then every context is production. */
const STRICTEST: GuardConfig = { commands: [] };

/**
 * The section `guard` of a project's deploy.yaml. A file that cannot be read, or a section that is not as it should
 * be, names nothing. Checked by hand, because a hook runs before every command and the schema library is slow to load.
 */
export function readGuardConfig(disk: Disk, root: string): GuardConfig {
  try {
    const document: unknown = parse(disk.readText(join(root, "deploy.yaml")), { maxAliasCount: 100 });
    const { contexts, commands = [] } = fieldsOf(fieldsOf(document).guard ?? {});
    if (!isList(commands, isWords) || !(contexts === undefined || isWords(contexts))) return STRICTEST;
    return { commands, ...(contexts === undefined ? {} : { contexts }) };
  } catch {
    return STRICTEST;
  }
}

function fieldsOf(value: unknown): Record<string, unknown> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new TypeError("expected a mapping");
  return { ...value };
}

function isList<T>(value: unknown, isItem: (one: unknown) => one is T): value is T[] {
  return Array.isArray(value) && value.every(isItem);
}

function isWords(value: unknown): value is string[] {
  return isList(value, (one): one is string => typeof one === "string" && one !== "");
}
