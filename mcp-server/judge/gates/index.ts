export { DIMENSIONS, type DimensionName, type GateInput, GateVerdict, judgeDimensions } from "./gate-verdict.ts";
export { productionGate } from "./production.ts";
export { RollbackVerdict, rollbackVerification } from "./rollback.ts";
export { decideStage, type RollbackKind, type StageDecision, type StagePoll } from "./stage.ts";
export { type StageGateInput, stageVerdict } from "./stage-verdict.ts";
export { stagingGate } from "./staging.ts";
