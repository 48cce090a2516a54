export { isAtLeast, type MigrationProblem, migrationKey, migrationProblems } from "./legal.ts";
export { Migration, MigrationId } from "./migration.ts";
export { BACKUP_WITHIN_MS, migrationsPrepared, type Prepared, TESTED_WITHIN_MS } from "./ready.ts";
