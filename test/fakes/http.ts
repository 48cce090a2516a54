import type { Http, HttpRequest, HttpResponse } from "../../mcp-server/ports/index.ts";

/** What a route answers: a body with status 200, a whole response, or an error that `send` rejects with. */
export type FakeAnswer = string | Partial<HttpResponse> | Error;
export type FakeRoute = FakeAnswer | ((request: HttpRequest) => FakeAnswer | Promise<FakeAnswer>);

export interface FakeHttp extends Http {
  /** Keys are `GET http://host/path`, or the bare URL for any method. Change it at any time. */
  routes: Record<string, FakeRoute>;
  readonly requests: HttpRequest[];
}

/** HTTP from a table. An unknown address refuses the connection; a body over `maxBytes` rejects like the real one. */
export function fakeHttp(routes: Record<string, FakeRoute> = {}): FakeHttp {
  const http: FakeHttp = {
    routes,
    requests: [],
    send: async (request) => {
      http.requests.push(request);
      const route = http.routes[`${request.method ?? "GET"} ${request.url}`] ?? http.routes[request.url];
      if (route === undefined)
        throw Object.assign(new Error(`connect ECONNREFUSED ${request.url}`), { code: "ECONNREFUSED" });
      const answer = typeof route === "function" ? await route(request) : route;
      if (answer instanceof Error) throw answer;
      const parts = typeof answer === "string" ? { body: answer } : answer;
      const response = { status: 200, headers: {}, body: "", durationMs: 1, ...parts };
      if (Buffer.byteLength(response.body) > request.maxBytes) {
        throw new Error(`the response is longer than ${request.maxBytes} bytes`);
      }
      return response;
    },
  };
  return http;
}
