import type { Matrix, Matrix64, Sweep, TrainingState } from "../engine.js";
import type { Network } from "../network/network.js";
import type { ErrorOnTheWay } from "../threads.js";
import type { TensorflowBackend } from "./backend.js";
import type { Normalization } from "./rule.js";
import type { TrainingTask } from "./training.js";

/** What the engine's thread can be asked. Models and trainings are known by number. */
export interface Requests {
  start: {
    readonly arguments: { readonly backend: TensorflowBackend };
    /** Versions that shape the numbers. */
    readonly result: Readonly<Record<string, string>>;
  };
  open: {
    readonly arguments: { readonly network: Network; readonly parameters: Float32Array };
    readonly result: number;
  };
  load: {
    readonly arguments: { readonly model: number; readonly parameters: Float32Array };
    readonly result: undefined;
  };
  closeModel: { readonly arguments: { readonly model: number }; readonly result: undefined };
  forward: {
    readonly arguments: { readonly model: number; readonly features: Matrix };
    readonly result: Float32Array;
  };
  rows: {
    readonly arguments: { readonly model: number; readonly features: Matrix };
    readonly result: Matrix;
  };
  rows64: {
    readonly arguments: { readonly model: number; readonly features: Matrix };
    readonly result: Matrix64;
  };
  sweep: {
    readonly arguments: { readonly model: number; readonly features: Matrix; readonly block: Matrix };
    readonly result: Sweep;
  };
  gram: {
    readonly arguments: { readonly model: number; readonly features: Matrix };
    readonly result: Matrix64;
  };
  train: { readonly arguments: { readonly model: number } & TrainingTask; readonly result: number };
  step: {
    readonly arguments: {
      readonly training: number;
      readonly indices: Int32Array;
      readonly learningRate: number;
      readonly normalization: Normalization;
    };
    readonly result: number;
  };
  parameters: { readonly arguments: { readonly training: number }; readonly result: Float32Array };
  trainingState: { readonly arguments: { readonly training: number }; readonly result: TrainingState };
  restoreTraining: {
    readonly arguments: { readonly training: number; readonly state: TrainingState };
    readonly result: undefined;
  };
  closeTraining: { readonly arguments: { readonly training: number }; readonly result: undefined };
  /** Tensors alive on the backend, for tests against leaks. */
  tensorCount: { readonly arguments: Record<string, never>; readonly result: number };
}

export type RequestName = keyof Requests;
export type ArgumentsOf<Name extends RequestName> = Requests[Name]["arguments"];
export type ResultOf<Name extends RequestName> = Requests[Name]["result"];

export type Request = {
  readonly [Name in RequestName]: {
    readonly id: number;
    readonly name: Name;
    readonly arguments: ArgumentsOf<Name>;
    /** Non-zero once the caller wants no result any more; looked at between blocks. */
    readonly stop: Int32Array;
  };
}[RequestName];

export type Answer =
  | { readonly id: number; readonly progress: number }
  | { readonly id: number; readonly result: unknown }
  | { readonly id: number; readonly error: ErrorOnTheWay };
