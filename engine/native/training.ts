import { nativeErrors } from "../../schemas/errors/native.js";
import { networkErrors } from "../../schemas/errors/network.js";
import { momentsKept, type Optimizer, type Training, type TrainingOptions } from "../engine.js";
import type { ParameterLayout } from "../network/layout.js";
import { checkState } from "../network/trainingState.js";
import type { Handle } from "./binding.js";
import type { Job, Jobs } from "./jobs.js";

/** Rule and its three numbers, as core/training.hpp takes them. */
function ruleOf(optimizer: Optimizer): readonly [number, number, number, number] {
  switch (optimizer.kind) {
    case "gd":
    case "sgd":
      return [0, 0, 0, 0];
    case "momentum":
      return [1, optimizer.momentum, 0, 0];
    case "adam":
      return [2, optimizer.beta1, optimizer.beta2, optimizer.epsilon];
  }
}

/**
 * A training that starts from the model's parameters as they are now and keeps its own from then on.
 * Throws LABEL_OUT_OF_RANGE and WRONG_SIZE.
 */
export async function openTraining(
  jobs: Jobs,
  model: Handle<"holder">,
  shape: { readonly layout: ParameterLayout; readonly outputs: number },
  options: TrainingOptions,
  explain: Job["explain"],
): Promise<Training> {
  const { features, labels, loss, optimizer } = options;
  if (labels.length !== features.rows) {
    throw networkErrors.wrongSize("the labels", `${labels.length} long`, `${features.rows}, one an example`);
  }
  const wrong = labels.findIndex((label) => label < 0 || label >= shape.outputs);
  if (wrong >= 0) throw networkErrors.labelOutOfRange(wrong, labels[wrong], shape.outputs);
  const training = jobs.binding.openHolder();
  await jobs.run({
    call: "trainOpen",
    model,
    training,
    // The core reads them at every step; the addon keeps them until the training is closed.
    arrays: [features.values, labels],
    numbers: [features.rows, loss === "cross-entropy" ? 1 : 0, ...ruleOf(optimizer)],
    ...(explain === undefined ? {} : { explain }),
  });
  let closed = false;
  const open = () => {
    if (closed) throw nativeErrors.closed("the training");
  };

  return {
    async step(indices, learningRate, normalisation) {
      open();
      if (indices.length === 0) throw networkErrors.wrongSize("the batch", "empty", "at least one example");
      if (!Number.isFinite(learningRate)) {
        throw nativeErrors.notFinite("the step's numbers", "learningRate", learningRate);
      }
      const numbers = [indices.length, learningRate, normalisation === "batch" ? 1 : 0];
      return jobs.run({
        call: "trainStep",
        model,
        training,
        arrays: [indices],
        numbers,
        explain: (fault, message, value) =>
          fault === "invalidArgument" && message === "an example's index"
            ? networkErrors.wrongSize("an index of the batch", `${value}`, `0 … ${labels.length - 1}`)
            : undefined,
      });
    },
    async parameters() {
      open();
      const values = new Float32Array(shape.layout.totalCount);
      await jobs.run({ call: "trainParameters", model, training, arrays: [values] });
      return values;
    },
    async state() {
      open();
      const parameters = new Float32Array(shape.layout.totalCount);
      const moments = Array.from(
        { length: momentsKept[optimizer.kind] },
        () => new Float32Array(shape.layout.trainableCount),
      );
      const steps = await jobs.run({ call: "trainState", model, training, arrays: [parameters, ...moments] });
      return { steps, parameters, moments };
    },
    async restore(state) {
      open();
      checkState(state, shape.layout, optimizer);
      const arrays = [state.parameters, ...state.moments];
      await jobs.run({ call: "trainRestore", model, training, arrays, numbers: [state.steps] });
    },
    async close() {
      if (closed) return;
      closed = true;
      await jobs.run({ call: "close", model, training });
    },
  };
}
