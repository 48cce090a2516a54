import { createServer } from "node:http";

const { HOST, PORT, VERSION } = process.env;
createServer((_request, response) => response.end(JSON.stringify({ version: VERSION }))).listen(Number(PORT), HOST);
