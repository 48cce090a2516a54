// Starts one instance of the shop. Reads PORT, HOST, VERSION, INSTANCE_ID; ends softly on SIGTERM.
import { readFileSync } from "node:fs";
import { realPace } from "./pace.mjs";
import { createShop } from "./shop.mjs";
import { warmUp } from "./warm-up.mjs";

const LONGEST_GOODBYE_MS = 10_000;
const release = JSON.parse(readFileSync(new URL("./release.json", import.meta.url), "utf8"));
if (process.env.VERSION !== undefined && process.env.VERSION !== release.version) {
  console.error(`started as ${process.env.VERSION}, but these are the files of ${release.version}`);
  process.exit(1);
}
const { version } = release;
const shop = createShop({ version, instance: process.env.INSTANCE_ID ?? "", pace: realPace() });

for (const signal of ["SIGTERM", "SIGINT"]) {
  process.once(signal, () => {
    shop.close().then(() => process.exit(0));
    setTimeout(() => process.exit(1), LONGEST_GOODBYE_MS).unref();
  });
}
const host = process.env.HOST ?? "127.0.0.1";
await warmUp(host);
shop.server.listen(Number(process.env.PORT ?? 8080), host, () => {
  console.log(JSON.stringify({ listening: shop.server.address().port, version }));
});
