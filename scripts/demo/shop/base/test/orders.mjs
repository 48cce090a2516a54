import assert from "node:assert/strict";
import { describe, test } from "node:test";
import { createInventory } from "../inventory.mjs";
import { createOrders } from "../orders.mjs";

const item = (sku, quantity) => ({ sku, quantity });
const stocked = () => createInventory({ "TEA-GREEN": 100, "POT-IRON": 100, "CHOC-DARK": 100, "BOOK-TEA": 1 });

const BASKETS = [
  [[item("TEA-GREEN", 1)], 1180],
  [[item("TEA-GREEN", 3)], 2457],
  [[item("TEA-GREEN", 10)], 6210],
  [[item("POT-IRON", 1)], 5900],
  [[item("POT-IRON", 10)], 53100],
  [[item("CHOC-DARK", 11)], 3747],
  [[item("TEA-GREEN", 2), item("CHOC-DARK", 2)], 2528],
  [[item("TEA-GREEN", 10), item("CHOC-DARK", 1)], 6539],
  [[item("CHOC-DARK", 10), item("BOOK-TEA", 1)], 5361],
];

const BAD = [
  ["no basket", undefined, 422],
  ["an empty basket", { items: [] }, 422],
  ["an unknown product", { items: [item("GIN", 1)] }, 422],
  ["no pieces", { items: [item("TEA-GREEN", 0)] }, 422],
  ["half a piece", { items: [item("TEA-GREEN", 0.5)] }, 422],
  ["more than there is", { items: [item("BOOK-TEA", 2)] }, 409],
];

describe("orders", () => {
  for (const [items, total] of BASKETS) {
    test(`${items.map((one) => `${one.quantity} x ${one.sku}`).join(" and ")} come to ${total}`, async () => {
      const order = await createOrders(stocked()).place("ada", { items });
      assert.equal(order.total, total);
      assert.equal(order.lines, items.length);
    });
  }

  for (const [what, body, status] of BAD) {
    test(`${what} is refused with ${status}`, async () => {
      const orders = createOrders(stocked());
      await assert.rejects(orders.place("ada", body), { status });
      assert.equal(orders.placed(), 0);
    });
  }

  test("are numbered per customer and instance", async () => {
    const orders = createOrders(stocked());
    const first = await orders.place("ada", { items: [item("TEA-GREEN", 1)] });
    const second = await orders.place("grace", { items: [item("TEA-GREEN", 1)] });
    assert.deepEqual([first.number, second.number], ["ada-1", "grace-2"]);
  });
});
