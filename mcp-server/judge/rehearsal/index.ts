export { REHEARSED_WITHIN_MS, RehearsalRecord, type Rehearsed, rehearsedBefore } from "./rehearsal.ts";
