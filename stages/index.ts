import { architectures } from "../engine/network/architectures.js";
import { layerRules } from "../engine/network/form.js";
import { type Additions, noAdditions, type Stage } from "../pipeline/stage.js";
import { stopping } from "./advise/stopping.js";
import { cifar10 } from "./data/cifar10.js";
import { gaussianMixture } from "./data/gaussian-mixture.js";
import { idx } from "./data/idx.js";
import { table } from "./data/table.js";
import { density } from "./jacobian/density.js";
import { spectrum } from "./jacobian/spectrum.js";
import { noiseKinds } from "./labels/corruption.js";
import { labelsNoise } from "./labels/noise.js";
import { angles } from "./metrics/angles.js";
import { projection } from "./metrics/projection.js";
import { networkInit } from "./network/init.js";
import { networkPretrained } from "./network/pretrained.js";
import { arrow } from "./sinks/arrow.js";
import { console } from "./sinks/console.js";
import { ndjson } from "./sinks/ndjson.js";
import { parquet } from "./sinks/parquet.js";
import { report } from "./sinks/report.js";
import { bounds } from "./theory/bounds.js";
import { linearised } from "./theory/linearised.js";
import { multiclassNtk } from "./theory/multiclass-ntk.js";
import { gradientDescent } from "./train/gradient-descent.js";

/** The stages that come with jacoflow and what plugins add to them, in the order `jacoflow stages` lists them. */
export const stagesWithAdditions = (additions: Additions): readonly Stage[] => [
  cifar10,
  idx,
  gaussianMixture,
  table,
  labelsNoise(additions.labelNoises),
  networkInit(additions),
  networkPretrained(additions),
  gradientDescent,
  spectrum,
  density,
  projection,
  angles,
  multiclassNtk,
  linearised,
  bounds,
  stopping,
  console,
  parquet,
  arrow,
  ndjson,
  report,
];

export const builtInStages = stagesWithAdditions(noAdditions);

/** Names that an addition may not take. */
export const builtInNames = {
  architectures: architectures.map(({ name }) => name),
  labelNoises: noiseKinds,
  layers: Object.keys(layerRules),
} as const;

/** What plugins add to: the built-in stages by name, and the names that are taken. */
export const builtIns = {
  ...builtInNames,
  stages: (additions: Additions): ReadonlyMap<string, Stage> =>
    new Map(stagesWithAdditions(additions).map((stage) => [stage.name, stage])),
} as const;
