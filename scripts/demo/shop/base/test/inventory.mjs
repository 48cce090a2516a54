import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createInventory } from "../inventory.mjs";

const lines = (...pairs) => pairs.map(([sku, quantity]) => ({ sku, quantity }));

const RESERVATIONS = [
  ["one piece", lines(["A", 1]), [4, 2]],
  ["all pieces", lines(["A", 5]), [0, 2]],
  ["two products", lines(["A", 2], ["B", 1]), [3, 1]],
  ["one product on two lines", lines(["A", 2], ["A", 2]), [1, 2]],
];

const REFUSED = [
  ["more than there is", lines(["A", 6])],
  ["more than there is, over two lines", lines(["A", 3], ["A", 3])],
  ["a product that is out", lines(["A", 1], ["B", 3])],
  ["an unknown product", lines(["A", 1], ["X", 1])],
];

describe("inventory", () => {
  for (const [what, wanted, left] of RESERVATIONS) {
    test(`${what} can be reserved`, async () => {
      const inventory = createInventory({ A: 5, B: 2 });
      await inventory.reserve(wanted);
      assert.deepEqual(await inventory.available(["A", "B"]), left);
    });
  }

  for (const [what, wanted] of REFUSED) {
    test(`${what}: nothing is reserved`, async () => {
      const inventory = createInventory({ A: 5, B: 2 });
      await assert.rejects(inventory.reserve(wanted), { status: 409 });
      assert.deepEqual(await inventory.available(["A", "B"]), [5, 2]);
    });
  }

  test("what is put back can be sold again", async () => {
    const inventory = createInventory({ A: 1 });
    await inventory.reserve(lines(["A", 1]));
    await inventory.putBack(lines(["A", 1]));
    assert.deepEqual(await inventory.available(["A"]), [1]);
  });

  test("an unknown product has no pieces", async () => {
    assert.deepEqual(await createInventory({}).available(["X"]), [0]);
  });

  test("nothing asked, nothing answered", async () => {
    assert.deepEqual(await createInventory({ A: 1 }).available([]), []);
  });

  test("the last piece is sold once", async () => {
    const inventory = createInventory({ A: 1 });
    const tries = await Promise.allSettled([inventory.reserve(lines(["A", 1])), inventory.reserve(lines(["A", 1]))]);
    assert.deepEqual(tries.map(({ status }) => status).sort(), ["fulfilled", "rejected"]);
  });
});
