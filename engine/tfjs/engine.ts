import type { Engine, LinearAlgebra, Matrix, Model, Training, TrainingOptions } from "../engine.js";
import { type ParameterLayout, parameterLayout } from "../network/layout.js";
import type { Network } from "../network/network.js";
import { inferShapes } from "../network/shapes.js";
import { checkState } from "../network/trainingState.js";
import type { TensorflowBackend } from "./backend.js";
import {
  checkBlock,
  checkFeatures,
  checkIndices,
  checkLabels,
  checkNames,
  checkParameters,
  checkResult,
} from "./checks.js";
import { type EngineThread, startEngineThread } from "./engineThread.js";

export interface TensorflowEngineOptions {
  readonly backend: TensorflowBackend;
  /** Threads the backend computes on, as it was told; wasm and cpu have one. */
  readonly threads?: number;
  /** Dense algebra off the event loop; closed with the engine. */
  readonly algebra: LinearAlgebra & { close(): Promise<void> };
}

/** Operations a second, measured on one core, tensorflow on two; of a GPU only the order of magnitude is guessed. */
const networkRates: Readonly<Record<TensorflowBackend, number>> = {
  "tensorflow-gpu": 1000e9,
  tensorflow: 25e9,
  wasm: 18e9,
  cpu: 0.2e9,
};

/** An engine with a count of the tensors alive on its backend, for tests against leaks. */
export interface TensorflowEngine extends Engine {
  tensorCount(): Promise<number>;
}

/**
 * The TensorFlow.js engine (design §5), driven by one worker thread. Every layer of design §4 has a rule; rows64 comes from
 * the float64 reference, since TensorFlow.js has no float64. ENGINE_LOST when the backend does not start (`algebra`
 * then stays open), ENGINE_MEMORY when it is full, WRONG_SIZE, LABEL_OUT_OF_RANGE and INDEX_OUT_OF_RANGE for what does
 * not fit the network, REPEATED_LAYER_NAME for a layer used twice, RESULT_TOO_LARGE for what no caller can be handed, CLOSED and ENGINE_CLOSED after a `close`.
 */
export async function createTensorflowEngine(options: TensorflowEngineOptions): Promise<TensorflowEngine> {
  const { backend, algebra, threads = 1 } = options;
  const thread = startEngineThread(backend);
  try {
    const versions = await thread.call("start", { backend });
    return {
      name: backend,
      rates: {
        network: networkRates[backend],
        held: 4e9,
        algebra: 8e9,
        reduction: 0.95e9,
        sharedMemory: true,
      },
      threads,
      versions,
      algebra,
      open: (network) => openModel(thread, network),
      tensorCount: () => thread.call("tensorCount", {}),
      close: async () => {
        await thread.close();
        await algebra.close();
      },
    };
  } catch (error) {
    await thread.close();
    throw error;
  }
}

async function openModel(thread: EngineThread, network: Network): Promise<Model> {
  const { outputs, features: dimension } = inferShapes(network);
  const layout = parameterLayout(network);
  checkNames(layout);
  const model = await thread.call("open", { network, parameters: new Float32Array(layout.totalCount) });

  function checked(features: Matrix): Matrix {
    checkFeatures(features, dimension);
    return packed(features);
  }

  return {
    network,
    layout,
    outputs,
    load: async (parameters) => {
      checkParameters(parameters, layout);
      await thread.call("load", { model, parameters });
    },
    forward: async (features, work) => {
      const values = await thread.call("forward", { model, features: checked(features) }, work);
      return { rows: features.rows, columns: outputs, values };
    },
    rows: async (features, work) => {
      checkResult("the rows of J", features.rows * outputs, layout.trainableCount, 4);
      return thread.call("rows", { model, features: checked(features) }, work);
    },
    rows64: async (features, work) => {
      checkResult("the rows of J", features.rows * outputs, layout.trainableCount, 8);
      return thread.call("rows64", { model, features: checked(features) }, work);
    },
    sweep: async (features, block, work) => {
      checkBlock(block, layout);
      checkResult("JᵀJQ", layout.trainableCount, block.columns, 4);
      checkResult("JQ", features.rows * outputs, block.columns, 4);
      return thread.call("sweep", { model, features: checked(features), block: packed(block) }, work);
    },
    gram: async (features, work) => {
      checkResult("the Gram matrix", features.rows * outputs, features.rows * outputs, 8);
      return thread.call("gram", { model, features: checked(features) }, work);
    },
    train: async (task) => {
      const features = checked(task.features);
      checkLabels(task.labels, features.rows, outputs);
      return openTraining(thread, model, layout, { ...task, features });
    },
    close: () => thread.call("closeModel", { model }),
  };
}

/**
 * A matrix on its way to the thread: shared memory goes by reference; a view of other memory is copied first, since the
 * whole memory behind it would travel.
 */
function packed(matrix: Matrix): Matrix {
  const { values } = matrix;
  const whole = values.byteLength === values.buffer.byteLength;
  return whole || values.buffer instanceof SharedArrayBuffer ? matrix : { ...matrix, values: values.slice() };
}

async function openTraining(
  thread: EngineThread,
  model: number,
  layout: ParameterLayout,
  task: TrainingOptions,
): Promise<Training> {
  const { loss, optimizer, features, labels } = task;
  const training = await thread.call("train", { model, loss, optimizer, features, labels });
  return {
    step: async (indices, learningRate, normalization, work) => {
      checkIndices(indices, features.rows);
      return thread.call("step", { training, indices, learningRate, normalization }, work);
    },
    parameters: () => thread.call("parameters", { training }),
    state: () => thread.call("trainingState", { training }),
    restore: async (state) => {
      checkState(state, layout, optimizer);
      await thread.call("restoreTraining", { training, state });
    },
    close: () => thread.call("closeTraining", { training }),
  };
}
