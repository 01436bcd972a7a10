/**
 * What a program may import from `jacoflow`: how a stage is declared, the tables it reads and
 * sends, the engine it computes with, the errors it throws, and what waits for a run to be over.
 */
export type {
  Engine,
  EngineName,
  LinearAlgebra,
  Matrix,
  Matrix64,
  Model,
  Sweep,
  WorkOptions,
} from "./engine/engine.js";
export type { Activation, Layer, Network } from "./engine/network/network.js";
export { parseNetwork } from "./engine/network/parse.js";
export type { NamedTensor } from "./engine/network/safetensors.js";
export { inferShapes } from "./engine/network/shapes.js";
export { parametersFrom, refuseNonFinite } from "./engine/network/weights.js";
export { type RandomSource, randomSource } from "./engine/random.js";
export { whileAtRest } from "./pipeline/run/atRest.js";
export type {
  BatchStore,
  CheckContext,
  InputPort,
  InputStream,
  Journal,
  JournalRequest,
  JournalState,
  LogLevel,
  NamedArchitecture,
  NamedLabelNoise,
  NamedLayers,
  NetworkData,
  OutputPort,
  OutputStream,
  PlanContext,
  PlannedInput,
  PlannedTable,
  PlannedWork,
  Stage,
  StageContext,
  StagePlan,
  TableName,
  WholeInput,
} from "./pipeline/stage.js";
export {
  defineArchitecture,
  defineLabelNoise,
  defineLayers,
  defineStage,
  foldBatches,
  inTurn,
  lossless,
  many,
  mapBatches,
  optional,
  output,
  produceBatches,
  stream,
  whole,
} from "./pipeline/stage.js";
export { definePlugin, type Plugin } from "./plugins/host/plugin.js";
export { type ErrorFacts, type ErrorKind, JacoflowError } from "./schemas/errors/error.js";
export { type TableDefinition, tableNameOf } from "./schemas/table.js";
export { advice } from "./schemas/tables/advice.js";
export { bound } from "./schemas/tables/bound.js";
export { density } from "./schemas/tables/density.js";
export { examplesTable, type LabelNoise, predictionsTable } from "./schemas/tables/examples.js";
export { metrics } from "./schemas/tables/metrics.js";
export { parametersTable } from "./schemas/tables/parameters.js";
export { angles, projection } from "./schemas/tables/projection.js";
export { basis, spectrum } from "./schemas/tables/spectrum.js";
export { linearised } from "./schemas/tables/theory.js";
export { throwAll } from "./stages/check.js";
export {
  checkClasses,
  classCount,
  type ExampleSet,
  type Examples,
  readExamples,
} from "./stages/examples.js";
export { type JacobianBasis, readBasis, sameRows } from "./stages/metrics/basis.js";
export { type RowLabels, rowLabels } from "./stages/metrics/labels.js";
export { checkInput } from "./stages/network/description.js";
export { regularFileSize } from "./stages/regularFile.js";
export { arrowForm } from "./stages/sinks/arrowForm.js";
export { type CurvePoint, curvePoints } from "./stages/sinks/curves.js";
export { type GatheredWrites, gatheredWrites, refuseRemoved } from "./stages/sinks/gathered.js";
export {
  emptySchemas,
  type FileForm,
  type KeepOptions,
  keepTables,
  type PartFile,
  type TablePart,
} from "./stages/sinks/keptTables.js";
export { readSnapshot, type Snapshot, snapshotWriter } from "./stages/snapshot.js";
