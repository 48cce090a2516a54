import assert from "node:assert";
import { readFileSync } from "node:fs";
import test from "node:test";

const source = readFileSync(`releases/${process.env.RELEASE}/server.mjs`, "utf8");

test("the release greets", () => assert.match(source, /welcome/));
test("the release takes orders", () => assert.match(source, /POST \/orders/));
