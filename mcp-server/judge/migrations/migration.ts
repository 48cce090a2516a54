import { z } from "zod";
import { Instant, Version } from "../../vocab/index.ts";

/** Names a migration in the plan, the journal and the target, where it makes running it again do nothing. */
export const MigrationId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, "expected letters, digits, dots, dashes and underscores");
export type MigrationId = z.infer<typeof MigrationId>;

/** A copy of the data from before, and how far it was proven. */
export const Backup = z.strictObject({
  id: z.string().min(1).max(120).describe("how whoever restores it finds it"),
  takenAt: Instant,
  restoreTestedAt: Instant.optional().describe("when restoring such a backup was last tried, with success"),
});
export type Backup = z.infer<typeof Backup>;

/** One change of a schema or of data that a release brings. */
export const Migration = z.strictObject({
  id: MigrationId,
  kind: z
    .enum(["expand", "contract", "data"])
    .describe("expand: only adds; contract: takes away what nothing uses any more; data: changes rows"),
  reversible: z.boolean().describe("a way back exists that loses no data; it is never taken by itself"),
  oldVersionWorks: z.boolean().default(true).describe("the version that runs now works after this migration too"),
  unusedSince: Version.optional().describe(
    "first version that no longer uses what is taken away or rewritten for good; needed for contract and irreversible data",
  ),
  testedAt: Instant.optional().describe("when migration and way back were last tried, with success"),
  backup: Backup.optional(),
  forwardFix: z
    .string()
    .min(1)
    .optional()
    .describe("document inside the project: what is done instead of undoing an irreversible migration"),
});
export type Migration = z.infer<typeof Migration>;
