/** Name and version of this program in the front matter of what it writes; the version is written in by the build. */
export const GENERATOR = `deploy-flow ${process.env.DEPLOY_FLOW_VERSION ?? "0.0.0-source"}`;
