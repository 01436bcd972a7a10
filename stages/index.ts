import type { Stage } from "../pipeline/stage.js";
import { cifar10 } from "./data/cifar10.js";
import { gaussianMixture } from "./data/gaussian-mixture.js";
import { idx } from "./data/idx.js";
import { table } from "./data/table.js";
import { spectrum } from "./jacobian/spectrum.js";
import { noise } from "./labels/noise.js";
import { angles } from "./metrics/angles.js";
import { projection } from "./metrics/projection.js";
import { init } from "./network/init.js";
import { pretrained } from "./network/pretrained.js";
import { console } from "./sinks/console.js";
import { parquet } from "./sinks/parquet.js";
import { report } from "./sinks/report.js";
import { linearised } from "./theory/linearised.js";
import { multiclassNtk } from "./theory/multiclass-ntk.js";
import { gradientDescent } from "./train/gradient-descent.js";

/** The stages that come with jacoflow, in the order `jacoflow stages` lists them. */
export const builtInStages: readonly Stage[] = [
  cifar10,
  idx,
  gaussianMixture,
  table,
  noise,
  init,
  pretrained,
  gradientDescent,
  spectrum,
  projection,
  angles,
  multiclassNtk,
  linearised,
  console,
  parquet,
  report,
];
