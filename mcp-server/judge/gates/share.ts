import type { Reason } from "../../vocab/index.ts";
import { countText, valueText } from "../wording.ts";

/** Measured and planned share may differ by so many percentage points, or four standard errors if that is more. */
const SHARE_TOLERANCE_PP = 5;
const SHARE_TOLERANCE_ERRORS = 4;

/** Below these the errors of a share are not normal, and a single request can look like a wrong share. */
const LEAST_VARIANCE = 10;
const LEAST_REQUESTS = 20;

/** A share of the traffic as planned and as measured, in percent, and the requests of all versions it was measured on. */
export interface Share {
  readonly expectedSharePct: number;
  readonly measuredSharePct?: number | undefined;
  readonly measuredRequests: number;
}

/** Why the measured share is not the planned one; empty when it is, or when too few requests tell. */
export function shareOff({ expectedSharePct, measuredSharePct, measuredRequests }: Share): Reason[] {
  if (measuredSharePct === undefined || measuredRequests < LEAST_REQUESTS) return [];
  const share = expectedSharePct / 100;
  const variance = measuredRequests * share * (1 - share);
  if (share < 1 && variance < LEAST_VARIANCE) return [];
  const errorPp = (100 * Math.sqrt(variance)) / measuredRequests;
  const tolerancePp = Math.max(SHARE_TOLERANCE_PP, SHARE_TOLERANCE_ERRORS * errorPp);
  if (Math.abs(measuredSharePct - expectedSharePct) <= tolerancePp) return [];
  const text = `${valueText(measuredSharePct)} % of ${countText(measuredRequests)} requests went to the new version, planned ${valueText(expectedSharePct)} % with a tolerance of ${valueText(tolerancePp)} pp`;
  return [{ code: "share", text }];
}
