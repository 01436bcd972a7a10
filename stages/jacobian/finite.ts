import type { Matrix, Model } from "../../engine/engine.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import { spectrumErrors } from "../../schemas/errors/spectrum.js";
import type { Examples } from "../examples.js";
import type { Snapshot } from "../snapshot.js";

/** Loads a snapshot. NON_FINITE_NETWORK, with step and tensor, where a parameter is NaN or infinite. */
export async function loadFinite(model: Model, snapshot: Snapshot, stage: string): Promise<void> {
  const { step, parameters } = snapshot;
  const at = parameters.findIndex((value) => !Number.isFinite(value));
  if (at !== -1) {
    const slot = model.layout.tensors.find(({ offset, size }) => at < offset + size);
    throw spectrumErrors.nonFiniteParameter(
      stage,
      step,
      slot?.name ?? "",
      at - (slot?.offset ?? 0),
      parameters[at],
    );
  }
  await model.load(parameters);
}

/**
 * f(x; w) of the examples, n × K. NON_FINITE_NETWORK, with step, split and example, where the network overflows: its Jacobian
 * is no matrix of numbers then.
 */
export async function finiteOutputs(
  model: Model,
  { step }: Snapshot,
  { features, ids, split }: Examples,
  stage: string,
  signal: AbortSignal,
): Promise<Matrix> {
  const outputs = await model.forward(features, { signal });
  const at = outputs.values.findIndex((value) => !Number.isFinite(value));
  if (at === -1) return outputs;
  const id = ids[Math.floor(at / outputs.columns)];
  throw spectrumErrors.nonFiniteOutput(stage, { step, split, id }, at % outputs.columns, outputs.values[at]);
}

/** An error of a Jacobian that overflows though the outputs do not, with step and split; any other as it is. */
export function ofJacobian(error: unknown, { step }: Snapshot, { split }: Examples, stage: string): unknown {
  if (!(error instanceof JacoflowError) || !["NOT_FINITE", "NATIVE_NOT_FINITE"].includes(error.code))
    return error;
  const value = typeof error.value === "number" ? error.value : "NaN or an infinity";
  return spectrumErrors.nonFiniteJacobian(stage, step, split, value);
}
