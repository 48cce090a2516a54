export type { Counts } from "./counts.ts";
export {
  BASELINE_ERROR_SHARE,
  type FixedSpec,
  type FixedState,
  fixedBaselineLimit,
  oneSample,
} from "./fixed-baseline.ts";
export { lowerLimit, upperLimit } from "./special.ts";
export type { SequentialReading } from "./stake.ts";
export { NullSpec, type Sequential, type TwoArmState, twoArm } from "./two-arm.ts";
