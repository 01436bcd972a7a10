import type { Stage } from "../pipeline/stage.js";

/** The stages that come with jacoflow, in the order `jacoflow stages` lists them. */
export const builtInStages: readonly Stage[] = [];
