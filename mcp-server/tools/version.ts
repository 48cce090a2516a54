/** Version of this program: written in by the build; a program run from its sources has none. */
export const PROGRAM_VERSION = process.env.DEPLOY_FLOW_VERSION ?? "0.0.0-source";
