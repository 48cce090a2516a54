import type { BuildOptions, BuildResult } from "esbuild";

export declare const ROOT: string;
export declare function bundle(
  entry: string,
  outfile: string,
  more?: BuildOptions & { head?: string },
): Promise<BuildResult>;
export declare function importTs(entry: string): Promise<Record<string, unknown>>;
