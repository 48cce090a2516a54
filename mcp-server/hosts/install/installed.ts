import { join } from "node:path";
import type { DoctorCheck } from "../../flow/doctor.ts";
import type { Disk } from "../../ports/index.ts";
import { messageOf } from "../../vocab/index.ts";
import { changedFiles, installedVersion } from "./place.ts";

/** How the skill is installed in each folder that a host reads; one that has none is not mentioned. */
export function installedChecks(disk: Disk, folders: readonly string[], version: string): DoctorCheck[] {
  return folders.flatMap((folder): DoctorCheck[] => {
    const id = `skill in ${folder}`;
    try {
      const found = installedVersion(disk, folder);
      if (found === undefined) return [];
      const changed = changedFiles(disk, folder);
      if (found !== version) {
        return [
          { id, state: "warning", found: `version ${found}; this is ${version}`, next: "`deploy-flow install` again" },
        ];
      }
      if (changed.length === 0) return [{ id, state: "ok", found: `version ${found}` }];
      const next = "`deploy-flow install` puts them back and keeps yours as NAME.saved";
      return [{ id, state: "warning", found: `changed or gone: ${changed.join(", ")}`, next }];
    } catch (error) {
      return [{ id, state: "warning", found: messageOf(error), next: `look at ${join(folder, ".installed.json")}` }];
    }
  });
}
