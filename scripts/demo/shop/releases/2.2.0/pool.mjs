const CONNECTIONS = 3;
const LONGEST_QUEUE = 8;

/** All connections are taken and too many wait for one already. */
export class PoolExhausted extends Error {
  constructor() {
    super("the inventory is busy");
    this.status = 503;
  }
}

/** A small pool of database connections with a short queue before it. */
export function createPool() {
  let free = CONNECTIONS;
  const waiting = [];

  return {
    /** Resolves when a connection is free; rejects with PoolExhausted when the queue is full. */
    acquire: () =>
      new Promise((resolve, reject) => {
        if (free > 0) {
          free -= 1;
          resolve();
        } else if (waiting.length < LONGEST_QUEUE) {
          waiting.push(resolve);
        } else {
          reject(new PoolExhausted());
        }
      }),
    /** Gives a connection back, to the one that waits longest. */
    release: () => {
      const next = waiting.shift();
      if (next) next();
      else free += 1;
    },
  };
}
