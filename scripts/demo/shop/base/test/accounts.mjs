import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { login, userOf } from "../accounts.mjs";

const NOW = 1_700_000_000_000;
const HOUR = 3_600_000;

describe("accounts", () => {
  for (const [user, password] of [
    ["smoke", "smoke"],
    ["ada", "analytical"],
    ["grace", "compiler"],
    ["edsger", "shortest-path"],
  ]) {
    test(`${user} can log in`, () => assert.equal(userOf(login(user, password, NOW), NOW), user));
  }

  for (const [what, user, password] of [
    ["a wrong password", "ada", "engine"],
    ["another's password", "ada", "compiler"],
    ["an unknown user", "eve", "eve"],
    ["no password", "ada", undefined],
  ]) {
    test(`${what} gets no token`, () => assert.equal(login(user, password, NOW), undefined));
  }

  for (const [what, change, at] of [
    ["out of date", (token) => token, NOW + HOUR],
    ["of another user", (token) => token.replace("ada", "eve"), NOW],
    ["made to last", (token) => token.replace(/\.(\d)/, ".9$1"), NOW],
    ["cut short", (token) => token.slice(0, -1), NOW],
  ]) {
    test(`a token that is ${what} is nobody's`, () => {
      assert.equal(userOf(change(login("ada", "analytical", NOW)), at), undefined);
    });
  }
});
