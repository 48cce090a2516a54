export { FreezeCause, FreezeRules, FreezeState, freezeAt, freezeText } from "./freeze.ts";
export { isTimeZone } from "./local-time.ts";
export { TimeRule } from "./rule.ts";
