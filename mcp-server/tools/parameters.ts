import { z } from "zod";
import { TestScope } from "../judge/tests/scope.ts";
import { Label, Version } from "../vocab/index.ts";

// Arguments that several tools take, described once.

export const ThresholdParameter = z.number().min(0).max(100).describe("accepted regression in percent");

export const ScopeParameter = TestScope.describe("critical: P0 and P1 only; targeted: only `targets`");

export const ReportsParameter = z.array(z.string().min(1)).min(1).describe("label, or report files, folders, globs");

export const LabelParameter = Label.describe("name of a stored baseline, e.g. production");

export const VersionParameter = Version.describe("a real version, e.g. 2.4.0");

export const ReasonParameter = z.string().min(1).max(500).describe("why, for the record");
