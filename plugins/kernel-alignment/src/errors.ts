import { JacoflowError } from "jacoflow";

/** Messages about kernels that cannot be compared. */
export const kernelErrors = {
  otherExamples: (source: string, split: string, step: number) =>
    new JacoflowError({
      code: "KERNEL_OTHER_EXAMPLES",
      kind: "run",
      message: `${source}: the ${split} Jacobian of step ${step} has other examples than the one before`,
      place: source,
      value: step,
      remedy: "Compare Jacobians of one jacobian/spectrum stage.",
    }),

  outputs: (source: string, label: number, outputs: number) =>
    new JacoflowError({
      code: "KERNEL_OUTPUTS",
      kind: "run",
      message: `${source}: label ${label} is no output of a Jacobian with ${outputs} outputs an example`,
      place: source,
      value: label,
      remedy: "Wire the examples of the network that the Jacobian is of.",
    }),
} as const;
