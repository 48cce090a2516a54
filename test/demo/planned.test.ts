import { afterAll, expect, test } from "vitest";
import { run } from "../hosts/process.ts";
import { makeProject } from "./project.ts";

const { root, remove } = makeProject();
afterAll(() => remove());

test("the deploy.yaml of the demonstration is planned as it is, for every release", { timeout: 120_000 }, async () => {
  for (const version of ["1.9.0", "2.0.0", "2.1.0", "2.2.0"]) {
    const planned = await run(root, ["plan", version, "--first-deploy", "--format", "json"]);
    expect(planned).toMatchObject({ code: 0, err: "" });
    expect(JSON.parse(planned.out)).toMatchObject({ plan: { version, service: "shop" } });
  }
});
