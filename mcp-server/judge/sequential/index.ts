export {
  aggregatePoints,
  asymptoticHalfWidth,
  MIN_MEAN_WINDOWS,
  MIN_SIGN_WINDOWS,
  meanInterval,
  type PointsState,
  signLnE,
} from "./aggregate-points.ts";
export {
  type Bounds,
  type DifferenceState,
  differenceSequence,
  INTERVAL_POINTS,
  type RatioState,
  ratioInterval,
  ratioSequence,
} from "./confidence-sequence.ts";
export type { Counts } from "./counts.ts";
export {
  calibratePhi,
  type Dispersion,
  type DispersionState,
  type HalvesPoll,
  MIN_CALIBRATION_WINDOWS,
  readDispersion,
  type Scatter,
  startDispersion,
  stepDispersion,
  TOO_NOISY_PHI,
} from "./dispersion.ts";
export {
  BASELINE_ERROR_SHARE,
  type FixedSpec,
  type FixedState,
  fixedBaselineLimit,
  oneSample,
} from "./fixed-baseline.ts";
export {
  type ExpectedArms,
  evidencePerSecond,
  type Futility,
  futility,
  type MarginLine,
  secondsToDecide,
  shareExposure,
} from "./planning.ts";
export {
  bestRho,
  normalMixtureLnE,
  SELF_NORMALISED_WINDOW_SECONDS,
  type SelfNormalisedSpec,
  type SelfNormalisedState,
  selfNormalised,
} from "./self-normalised.ts";
export { lowerLimit, upperLimit } from "./special.ts";
export type { SequentialReading } from "./stake.ts";
export { NullSpec, type Pair, type Sequential, type TwoArmState, twoArm } from "./two-arm.ts";
