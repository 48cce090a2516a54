// resolve: the digest that a registry has for IMAGE:VERSION. Works for a tag of one image and of many platforms.
import { execFileSync } from "node:child_process";

const [image, version] = process.argv.slice(2);
const manifest = execFileSync(
  "docker",
  ["buildx", "imagetools", "inspect", `${image}:${version}`, "--format", "{{json .Manifest}}"],
  { encoding: "utf8", stdio: ["ignore", "pipe", "inherit"] },
);
process.stdout.write(JSON.stringify({ digest: JSON.parse(manifest).digest }));
