export { type AcceptanceInput, acceptanceRefusal } from "./acceptance.ts";
export { DIMENSIONS, type DimensionName, type GateInput, GateVerdict, judgeDimensions } from "./gate-verdict.ts";
export { productionGate } from "./production.ts";
export { RollbackVerdict, rollbackVerification } from "./rollback.ts";
export { gateSeverity } from "./severity.ts";
export { type Share, shareOff } from "./share.ts";
export { decideStage, type RollbackKind, type StageDecision, type StageLimits, type StagePoll } from "./stage.ts";
export { type StageGateInput, stageVerdict } from "./stage-verdict.ts";
export { stagingGate } from "./staging.ts";
