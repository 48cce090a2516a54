import { Agent, request } from "node:http";
import { noPace } from "./pace.mjs";
import { createShop } from "./shop.mjs";

const ROUNDS = 15;

/** Sends one request and resolves with the text of its answer. */
function send(agent, port, host, { method = "GET", path, body, headers = {} }) {
  return new Promise((resolve, reject) => {
    const sent = request({ agent, port, host, method, path, headers }, (response) => {
      let text = "";
      response.setEncoding("utf8");
      response.on("data", (chunk) => {
        text += chunk;
      });
      response.on("end", () => resolve(text));
    });
    sent.on("error", reject);
    sent.end(body);
  });
}

/**
 * Takes every path through the code some times before real customers come, in a shop of its own: the first customers
 * of a fresh process must not be the slow ones.
 */
export async function warmUp(host) {
  const { server, close } = createShop({ version: "0", pace: noPace() });
  const agent = new Agent({ keepAlive: true });
  await new Promise((resolve) => server.listen(0, host, resolve));
  const { port } = server.address();
  const ask = (described) => send(agent, port, host, described);
  for (let round = 0; round < ROUNDS; round += 1) {
    const login = await ask({ method: "POST", path: "/login", body: '{"user":"smoke","password":"smoke"}' });
    await ask({
      method: "POST",
      path: "/checkout",
      body: '{"items":[{"sku":"TEA-GREEN","quantity":1}]}',
      headers: { authorization: `Bearer ${JSON.parse(login).token}` },
    });
    for (const path of ["/search?q=green%20tea", "/metrics", "/healthz"]) await ask({ path });
  }
  agent.destroy();
  await close();
}
