import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { parentPort } from "node:worker_threads";
import * as tf from "@tensorflow/tfjs-core";
import { referenceModel } from "../network/reference/reference.js";
import { createAlgebra } from "../spectrum/algebra.js";
import { describeError } from "../threads.js";
import { gram } from "./gram.js";
import { rows, rows64, sweep } from "./jacobian.js";
import { type Checkpoint, createProgram, forward, type Program } from "./program.js";
import type { Answer, ArgumentsOf, Request, RequestName, ResultOf, TensorflowBackend } from "./protocol.js";
import { TrainingProgram } from "./training.js";
import { Weights } from "./weights.js";

/** The engine's thread: holds the backend, the models and the trainings, and answers one request after another. */
const algebra = createAlgebra();
const models = new Map<number, { program: Program; readonly network: ArgumentsOf<"open">["network"] }>();
const trainings = new Map<number, { readonly training: TrainingProgram; readonly program: Program }>();
let lastNumber = 0;

type Handlers = {
  readonly [Name in RequestName]: (
    input: ArgumentsOf<Name>,
    checkpoint: Checkpoint,
  ) => ResultOf<Name> | Promise<ResultOf<Name>>;
};

const handlers: Handlers = {
  start: ({ backend }) => startBackend(backend),
  open: ({ network, parameters }) => {
    lastNumber += 1;
    models.set(lastNumber, { program: createProgram(network, parameters), network });
    return lastNumber;
  },
  load: ({ model, parameters }) => {
    const held = modelOf(model);
    held.program.weights.close();
    held.program = { ...held.program, weights: new Weights(held.program.layout, parameters) };
    return undefined;
  },
  closeModel: ({ model }) => {
    modelOf(model).program.weights.close();
    models.delete(model);
    return undefined;
  },
  forward: ({ model, features }, checkpoint) => forward(modelOf(model).program, features, checkpoint),
  rows: ({ model, features }, checkpoint) => rows(modelOf(model).program, features, checkpoint),
  rows64: ({ model, features }, checkpoint) => {
    const { network, program } = modelOf(model);
    const reference = referenceModel(network);
    reference.load(program.weights.values());
    return rows64(reference, features, checkpoint);
  },
  sweep: ({ model, features, block }, checkpoint) =>
    sweep(modelOf(model).program, features, block, checkpoint),
  gram: ({ model, features }, checkpoint) => gram(modelOf(model).program, algebra, features, checkpoint),
  train: ({ model, loss, optimizer, features, labels }) => {
    const { network, program: held } = modelOf(model);
    const program = createProgram(network, held.weights.values());
    lastNumber += 1;
    const training = new TrainingProgram(program, loss, optimizer, features.values, labels);
    trainings.set(lastNumber, { training, program });
    return lastNumber;
  },
  step: ({ training, indices, learningRate, normalization }) =>
    trainingOf(training).training.step(indices, learningRate, normalization),
  parameters: ({ training }) => trainingOf(training).program.weights.values(),
  closeTraining: ({ training }) => {
    const held = trainingOf(training);
    held.training.close();
    held.program.weights.close();
    trainings.delete(training);
    return undefined;
  },
  tensorCount: () => tf.memory().numTensors,
};

async function startBackend(backend: TensorflowBackend): Promise<string> {
  if (backend === "wasm") {
    const { setWasmPaths } = await import("@tensorflow/tfjs-backend-wasm");
    const found = createRequire(import.meta.url).resolve("@tensorflow/tfjs-backend-wasm/package.json");
    setWasmPaths(join(dirname(found), "dist", "/"));
  } else {
    await import("@tensorflow/tfjs-backend-cpu");
  }
  if (!(await tf.setBackend(backend))) throw new Error(`the ${backend} backend did not start`);
  return tf.version_core;
}

function modelOf(number: number) {
  const model = models.get(number);
  if (model === undefined) throw new Error(`model ${number} is closed`);
  return model;
}

function trainingOf(number: number) {
  const training = trainings.get(number);
  if (training === undefined) throw new Error(`training ${number} is closed`);
  return training;
}

function send(answer: Answer): void {
  parentPort?.postMessage(answer);
}

async function answer(request: Request): Promise<void> {
  const checkpoint: Checkpoint = (examplesDone) => {
    if (Atomics.load(request.stop, 0) !== 0) throw new Error("stopped");
    send({ id: request.id, progress: examplesDone });
  };
  try {
    const handler = handlers[request.name] as (input: unknown, checkpoint: Checkpoint) => unknown;
    send({ id: request.id, result: await handler(request.arguments, checkpoint) });
  } catch (error) {
    send({ id: request.id, error: describeError(error) });
  }
}

let queue: Promise<void> = Promise.resolve();
parentPort?.on("message", (request: Request) => {
  queue = queue.then(() => answer(request));
});
