export { REHEARSED_WITHIN_MS, type Rehearsed, rehearsedBefore } from "./rehearsal.ts";
