import type { Section } from "./section.js";
import { complexity } from "./sections/complexity.js";
import { corruption } from "./sections/corruption.js";
import { earlyLearning, earlyLearningFashion } from "./sections/earlyLearning.js";
import { earlyStopping } from "./sections/earlyStopping.js";
import { fullScale } from "./sections/fullScale.js";
import { linearModel } from "./sections/linearModel.js";
import { mixtures } from "./sections/mixtures.js";
import { pretraining } from "./sections/pretraining.js";
import { residuals } from "./sections/residuals.js";
import { spectra } from "./sections/spectra.js";
import { tenClasses, threeClasses } from "./sections/tables.js";
import { theory } from "./sections/theory.js";

/** The experiments in the order of the page. */
export const sections: readonly Section[] = [
  threeClasses,
  tenClasses,
  mixtures,
  spectra,
  residuals,
  corruption,
  linearModel,
  theory,
  pretraining,
  earlyStopping,
  earlyLearning,
  earlyLearningFashion,
  complexity,
  fullScale,
];
