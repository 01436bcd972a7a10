import * as tf from "@tensorflow/tfjs-core";
import { networkErrors } from "../../schemas/errors/network.js";
import type { Network } from "../network/network.js";
import { referenceModel } from "../network/reference/reference.js";
import { createMultiplier } from "../spectrum/multiplier.js";
import { startBackend } from "./backend.js";
import { gram } from "./gram.js";
import { createProgram, forward, type Program, type Watch } from "./program.js";
import type { ArgumentsOf, RequestName, ResultOf } from "./protocol.js";
import { rows, rows64 } from "./rows.js";
import { sweep } from "./sweep.js";
import { TrainingProgram } from "./training.js";
import { Weights } from "./weights.js";

interface HeldModel {
  readonly network: Network;
  readonly program: Program;
}

interface HeldTraining {
  readonly training: TrainingProgram;
  readonly program: Program;
}

/** How each request is answered. `watch` hears how it goes on and may throw to stop it. */
export type Handlers = {
  readonly [Name in RequestName]: (
    input: ArgumentsOf<Name>,
    watch: Watch,
  ) => ResultOf<Name> | Promise<ResultOf<Name>>;
};

/**
 * The engine as its thread sees it: TensorFlow.js on the calling thread, models and trainings by number. Sizes are
 * checked by the caller. Numbers that were closed give CLOSED; closing twice does nothing.
 */
export function createHandlers(): Handlers {
  const multiply = createMultiplier();
  const models = new Map<number, HeldModel>();
  const trainings = new Map<number, HeldTraining>();
  let lastNumber = 0;

  function modelOf(number: number): HeldModel {
    const model = models.get(number);
    if (model === undefined) throw networkErrors.closed("model");
    return model;
  }

  function trainingOf(number: number): HeldTraining {
    const training = trainings.get(number);
    if (training === undefined) throw networkErrors.closed("training");
    return training;
  }

  return {
    start: ({ backend }) => startBackend(backend),
    open: ({ network, parameters }) => {
      lastNumber += 1;
      models.set(lastNumber, { network, program: createProgram(network, parameters) });
      return lastNumber;
    },
    load: ({ model, parameters }) => {
      const { network, program } = modelOf(model);
      program.weights.close();
      models.set(model, {
        network,
        program: { ...program, weights: new Weights(program.layout, parameters) },
      });
      return undefined;
    },
    closeModel: ({ model }) => {
      models.get(model)?.program.weights.close();
      models.delete(model);
      return undefined;
    },
    forward: ({ model, features }, watch) => forward(modelOf(model).program, features, watch),
    rows: ({ model, features }, watch) => rows(modelOf(model).program, features, watch),
    rows64: ({ model, features }, watch) => {
      const { network, program } = modelOf(model);
      const reference = referenceModel(network);
      reference.load(program.weights.values());
      return rows64(reference, features, watch);
    },
    sweep: ({ model, features, block }, watch) => sweep(modelOf(model).program, features, block, watch),
    gram: ({ model, features }, watch) => gram(modelOf(model).program, multiply, features, watch),
    train: ({ model, ...task }) => {
      const { network, program: held } = modelOf(model);
      const program = createProgram(network, held.weights.values());
      lastNumber += 1;
      trainings.set(lastNumber, { training: new TrainingProgram(program, task), program });
      return lastNumber;
    },
    step: ({ training, indices, learningRate, normalization }, watch) =>
      trainingOf(training).training.step(indices, learningRate, normalization, watch),
    parameters: ({ training }) => trainingOf(training).program.weights.values(),
    trainingState: ({ training }) => trainingOf(training).training.state(),
    restoreTraining: ({ training, state }) => {
      trainingOf(training).training.restore(state);
      return undefined;
    },
    closeTraining: ({ training: number }) => {
      const held = trainings.get(number);
      held?.training.close();
      held?.program.weights.close();
      trainings.delete(number);
      return undefined;
    },
    tensorCount: () => tf.memory().numTensors,
  };
}
