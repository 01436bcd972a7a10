import { nativeErrors } from "../../schemas/errors/native.js";
import { networkErrors } from "../../schemas/errors/network.js";
import type { Matrix, Model, TrainingOptions, WorkOptions } from "../engine.js";
import { type ParameterLayout, parameterLayout } from "../network/layout.js";
import type { Network } from "../network/network.js";
import { inferShapes } from "../network/shapes.js";
import type { Fault } from "./binding.js";
import { checkMatrix, type Jobs, result32, result64 } from "./jobs.js";
import { compilePlan } from "./plan.js";
import { openTraining } from "./training.js";

/**
 * Opens a network on the native engine; its parameters are zeros until loaded. Every layer of design §4 can be
 * differentiated here. Throws what `inferShapes` throws, and REPEATED_LAYER_NAME for a layer used twice.
 */
export async function openModel(jobs: Jobs, network: Network): Promise<Model> {
  const shaped = inferShapes(network);
  const layout = parameterLayout(network);
  checkNames(layout);
  const { outputs, features: dimension } = shaped;
  const p = layout.trainableCount;
  const plan = compilePlan(shaped, layout);
  const model = jobs.binding.openModel(jobs.engine, plan.codes, plan.numbers);

  async function load(parameters: Float32Array): Promise<void> {
    if (parameters.length !== layout.totalCount) {
      throw networkErrors.wrongSize(
        "the parameter vector",
        `${parameters.length} long`,
        `${layout.totalCount} numbers`,
      );
    }
    await jobs.run({
      call: "load",
      model,
      arrays: [parameters],
      explain: (fault, _, index) =>
        fault === "notFinite" ? parameterError(layout, parameters, index) : undefined,
    });
  }
  await load(new Float32Array(layout.totalCount));

  const explainFeatures = (features: Matrix) => (fault: Fault, what: string, index: number) =>
    fault === "notFinite" && what === "features" ? featureError(features, index) : undefined;

  async function differentiate<Result extends Float32Array | Float64Array>(
    call: "forward" | "rows" | "rows64" | "gram",
    features: Matrix,
    values: Result,
    work: WorkOptions | undefined,
  ): Promise<Result> {
    const explain = explainFeatures(features);
    await jobs.run({
      call,
      model,
      arrays: [features.values, values],
      numbers: [features.rows],
      work,
      explain,
    });
    return values;
  }

  return {
    network,
    layout,
    outputs,
    load,
    async forward(features, work) {
      checkFeatures(features, dimension);
      const { rows } = features;
      const values = await differentiate(
        "forward",
        features,
        result32("the predictions", rows, outputs),
        work,
      );
      return { rows, columns: outputs, values };
    },
    async rows(features, work) {
      checkFeatures(features, dimension);
      const rows = features.rows * outputs;
      const values = await differentiate("rows", features, result32("the rows of J", rows, p), work);
      return { rows, columns: p, values };
    },
    async rows64(features, work) {
      checkFeatures(features, dimension);
      const rows = features.rows * outputs;
      const values = await differentiate(
        "rows64",
        features,
        result64("the float64 rows of J", rows, p),
        work,
      );
      return { rows, columns: p, values };
    },
    async gram(features, work, over) {
      checkFeatures(features, dimension);
      const rows = features.rows * outputs;
      const values = await differentiate(
        "gram",
        features,
        over?.values.length === rows * rows ? over.values : result64("the Gram matrix", rows, rows),
        work,
      );
      return { rows, columns: rows, values };
    },
    async sweep(features, block, work) {
      checkFeatures(features, dimension);
      checkMatrix("the block Q", block);
      if (block.rows !== p) {
        throw networkErrors.wrongSize("the block Q", `${block.rows} rows`, `${p} (p)`);
      }
      const rows = features.rows * outputs;
      const columns = block.columns;
      const product = result32("the product J Q", rows, columns);
      const backProduct = result32("the product Jᵀ(J Q)", p, columns);
      const squaredRowNorms = result64("the row norms", rows, 1);
      await jobs.run({
        call: "sweep",
        model,
        arrays: [features.values, block.values, product, backProduct, squaredRowNorms],
        numbers: [features.rows, columns],
        work,
        explain: (fault, what, index) =>
          fault === "notFinite" && what === "block"
            ? nativeErrors.notFinite(
                "the block Q",
                `row ${Math.floor(index / columns)}, column ${index % columns}`,
                block.values[index],
              )
            : explainFeatures(features)(fault, what, index),
      });
      return {
        product: { rows, columns, values: product },
        backProduct: { rows: p, columns, values: backProduct },
        squaredRowNorms,
      };
    },
    async train(options: TrainingOptions) {
      checkFeatures(options.features, dimension);
      return openTraining(jobs, model, { layout, outputs }, options, explainFeatures(options.features));
    },
    async close() {
      await jobs.run({ call: "close", model });
    },
  };
}

function checkFeatures(features: Matrix, dimension: number): void {
  checkMatrix("the features", features);
  if (features.columns !== dimension) {
    throw networkErrors.wrongSize("an example", `${features.columns} numbers`, `${dimension}`);
  }
  if (features.rows === 0) throw networkErrors.wrongSize("the batch", "empty", "at least one example");
}

function checkNames(layout: ParameterLayout): void {
  const seen = new Set<string>();
  for (const { name } of layout.tensors) {
    if (seen.has(name)) {
      const layer = name.slice(0, name.lastIndexOf("/"));
      throw networkErrors.repeatedLayerName(layer, [`two layers "${layer}"`]);
    }
    seen.add(name);
  }
}

function parameterError(layout: ParameterLayout, parameters: Float32Array, index: number): Error {
  const slot = layout.tensors.find(({ offset, size }) => index >= offset && index < offset + size);
  const where = slot === undefined ? `element ${index}` : `${slot.name}[${index - slot.offset}]`;
  return nativeErrors.notFinite("the parameters", where, parameters[index]);
}

function featureError(features: Matrix, index: number): Error {
  const example = Math.floor(index / features.columns);
  const where = `example ${example}, feature ${index % features.columns}`;
  return nativeErrors.notFinite("the features", where, features.values[index]);
}
