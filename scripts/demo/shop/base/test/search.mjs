import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { search } from "../search.mjs";

const QUERIES = [
  ["green", ["TEA-GREEN"]],
  ["GREEN", ["TEA-GREEN"]],
  ["green tea", ["TEA-GREEN"]],
  ["tea green", ["TEA-GREEN"]],
  ["peppermint", ["TEA-MINT"]],
  ["pepper", ["TEA-MINT"]],
  ["caffeine", ["TEA-ROOIBOS", "COF-DECAF"]],
  ["espresso", ["COF-ESPRESSO", "CUP-SMALL", "COOKIE-NUT"]],
  ["coffee", ["COF-FILTER", "COF-DECAF", "BOOK-COFFEE", "COF-ESPRESSO", "COF-COLD", "MILL-HAND"]],
  ["honey", ["HONEY-LIME", "COOKIE-OAT"]],
  ["chocolate", ["CHOC-DARK", "CHOC-MILK"]],
  ["dark", ["CHOC-DARK", "COF-ESPRESSO"]],
  ["teapot iron", ["POT-IRON"]],
  ["cup", ["CUP-SMALL", "CUP-LARGE", "BOOK-COFFEE"]],
  ["book", ["BOOK-TEA", "BOOK-COFFEE"]],
  ["paper, filters!", ["FILTER-PAPER"]],
  ["bicycle", []],
  ["green bicycle", []],
  ["", []],
  ["?!", []],
];

describe("search", () => {
  for (const [query, skus] of QUERIES) {
    test(`[${query}] finds ${skus.length === 0 ? "nothing" : skus.join(", ")}`, () => {
      assert.deepEqual(
        search(query).map(({ sku }) => sku),
        skus,
      );
    });
  }
});
