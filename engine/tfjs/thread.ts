import { parentPort } from "node:worker_threads";
import { describeError } from "../threads.js";
import { createHandlers } from "./handlers.js";
import type { Checkpoint } from "./program.js";
import type { Answer, Request } from "./protocol.js";

/** The engine's thread: answers one request after another until its port closes. */
const handlers = createHandlers();
let queue: Promise<void> = Promise.resolve();

parentPort?.on("message", (request: Request) => {
  queue = queue.then(() => answer(request));
});

async function answer(request: Request): Promise<void> {
  // What is thrown here stays here: a caller that stopped its call rejects it with its own reason.
  const checkStop = () => {
    if (Atomics.load(request.stop, 0) !== 0) throw new Error("stopped");
  };
  const checkpoint: Checkpoint = (examplesDone) => {
    checkStop();
    send({ id: request.id, progress: examplesDone });
  };
  try {
    checkStop();
    const handler = handlers[request.name] as (input: unknown, checkpoint: Checkpoint) => unknown;
    send({ id: request.id, result: await handler(request.arguments, checkpoint) });
  } catch (error) {
    send({ id: request.id, error: describeError(error) });
  }
}

function send(answer: Answer): void {
  parentPort?.postMessage(answer);
}
