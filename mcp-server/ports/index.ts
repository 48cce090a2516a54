import { type Clock, systemClock } from "./clock.ts";
import { type Disk, realDisk } from "./disk.ts";
import { type Exec, realExec } from "./exec.ts";
import { createHttp, type Http, type HttpServer, realHttpServer } from "./http.ts";
import { type Ids, randomIds } from "./ids.ts";
import { type Processes, realProcesses } from "./processes.ts";
import { realSockets, type Sockets } from "./sockets.ts";

export * from "./clock.ts";
export * from "./disk.ts";
export * from "./exec.ts";
export * from "./http.ts";
export * from "./ids.ts";
export * from "./processes.ts";
export * from "./sockets.ts";

/** Everything outside the process, in one place, so that a test can replace any of it and make it fail. */
export interface Ports {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly disk: Disk;
  readonly exec: Exec;
  readonly processes: Processes;
  readonly http: Http;
  readonly httpServer: HttpServer;
  readonly sockets: Sockets;
}

export function realPorts(): Ports {
  return {
    clock: systemClock,
    ids: randomIds,
    disk: realDisk,
    exec: realExec,
    processes: realProcesses,
    http: createHttp(),
    httpServer: realHttpServer,
    sockets: realSockets,
  };
}
