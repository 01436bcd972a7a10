import { parentPort } from "node:worker_threads";
import { describeError } from "../../engine/threads.js";
import { readTableFile } from "./tableFile.js";
import type { TableAnswer, TableRequest } from "./tableWorker.js";

/** The thread behind `readTableInThread`: answers one request. */
parentPort?.once("message", async ({ file, shape }: TableRequest) => {
  let answer: TableAnswer;
  try {
    answer = { result: await readTableFile(file, shape) };
  } catch (error) {
    answer = { error: describeError(error) };
  }
  parentPort?.postMessage(answer);
});
