import type { Stage } from "../pipeline/stage.js";
import { idx } from "./data/idx.js";
import { noise } from "./labels/noise.js";
import { init } from "./network/init.js";
import { pretrained } from "./network/pretrained.js";
import { console } from "./sinks/console.js";
import { parquet } from "./sinks/parquet.js";
import { report } from "./sinks/report.js";
import { gradientDescent } from "./train/gradient-descent.js";

/** The stages that come with jacoflow, in the order `jacoflow stages` lists them. */
export const builtInStages: readonly Stage[] = [
  idx,
  noise,
  init,
  pretrained,
  gradientDescent,
  console,
  parquet,
  report,
];
