import { parentPort } from "node:worker_threads";
import { describeError } from "../threads.js";
import { createHandlers } from "./handlers.js";
import type { Watch } from "./program.js";
import type { Answer, Request } from "./protocol.js";

/** The engine's thread: answers one request after another until its port closes. */
const handlers = createHandlers();
let queue: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: Request) => {
  queue = queue.then(() => answer(request));
});

async function answer(request: Request): Promise<void> {
  // What is thrown here stays here: a caller that stopped its call rejects it with its own reason.
  const check = () => {
    if (Atomics.load(request.stop, 0) !== 0) throw new Error("stopped");
  };
  const watch: Watch = {
    check,
    report: (examplesDone) => {
      check();
      send({ id: request.id, progress: examplesDone });
    },
  };
  try {
    check();
    const handler = handlers[request.name] as (input: unknown, watch: Watch) => unknown;
    send({ id: request.id, result: await handler(request.arguments, watch) });
  } catch (error) {
    send({ id: request.id, error: describeError(error) });
  }
}

function send(answer: Answer): void {
  parentPort?.postMessage(answer);
}
