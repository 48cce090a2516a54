// The least that a reader with a Map of names has to do after reading: names of the same shape, nothing read.
export async function read(file, add) {
  const cases = Number(/(\d+)\.xml$/.exec(file)?.[1]);
  for (let i = 0; i < cases; i++) {
    const suite = Math.floor(i / 50);
    const name = `com.example.shop.module${suite % 97}.order.OrderService${suite}Test#createsOrder_${i % 50}_whenStockIsLow[case ${i}]`;
    add(Buffer.from(name).toString(), "passed");
  }
}
