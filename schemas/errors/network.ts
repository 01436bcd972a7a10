import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

const shapeText = (shape: readonly number[]) => (shape.length === 0 ? "scalar" : shape.join("×"));
const gigabytes = (bytes: number) => `${(bytes / 1e9).toFixed(1)} GB`;
const meant = (word: string, known: readonly string[]) => {
  const close = nearest(word, known);
  return close === undefined ? `Use one of ${known.join(", ")}.` : `Did you mean "${close}"?`;
};

/** Messages about networks, weights and engines. */
export const networkErrors = {
  /** A network description that cannot be: wrong form, shape, name or value of a layer. */
  invalidLayer: (layer: string, reason: string, remedy: string, value?: unknown): JacoflowError =>
    new JacoflowError({
      code: "INVALID_LAYER",
      kind: "invalid",
      message: `layer ${layer}: ${reason}`,
      place: layer,
      value,
      remedy,
    }),

  /** A network whose own keys (not a layer's) are wrong. */
  invalidNetwork: (place: string, reason: string, remedy: string, value?: unknown): JacoflowError =>
    new JacoflowError({
      code: "INVALID_NETWORK",
      kind: "invalid",
      message: `network: ${reason}`,
      place,
      value: value ?? null,
      remedy,
    }),

  /** Several mistakes of one network description, reported at once. */
  severalProblems: (place: string, problems: readonly JacoflowError[]): JacoflowError =>
    new JacoflowError({
      code: "INVALID_NETWORK",
      kind: "invalid",
      message: `network: ${problems.length} mistakes\n${problems.map((problem) => `  ${problem.message}. ${problem.remedy ?? ""}`.trimEnd()).join("\n")}`,
      place,
      value: problems,
      remedy: "Correct each of them.",
    }),

  unknownLayerType: (layer: string, type: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_LAYER_TYPE",
      kind: "invalid",
      message: `layer ${layer}: there is no layer type "${type}"`,
      place: layer,
      value: type,
      remedy: meant(type, known),
    }),

  unknownLayerKey: (layer: string, type: string, key: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_LAYER_KEY",
      kind: "invalid",
      message: `layer ${layer}: a ${type} layer has no "${key}"`,
      place: layer,
      value: key,
      remedy: meant(key, known),
    }),

  repeatedLayerName: (name: string, places: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "REPEATED_LAYER_NAME",
      kind: "invalid",
      message: `layer "${name}" is used ${places.length} times: ${places.join(", ")}`,
      place: name,
      value: name,
      remedy: "Give every layer a name of its own; a layer that shares its weights cannot be differentiated.",
    }),

  unknownArchitecture: (name: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_ARCHITECTURE",
      kind: "invalid",
      message: `there is no architecture "${name}"`,
      place: "architecture",
      value: name,
      remedy: meant(name, known),
    }),

  architectureOption: (
    architecture: string,
    option: string,
    reason: string,
    value?: unknown,
  ): JacoflowError =>
    new JacoflowError({
      code: "ARCHITECTURE_OPTION",
      kind: "invalid",
      message: `architecture ${architecture}: ${reason}`,
      place: option,
      value,
      remedy: `Change or leave out "${option}", or describe the network layer by layer.`,
    }),

  /** A file that is not safetensors, or is cut short, or contradicts itself. `tensor` is empty for the header. */
  invalidSafetensors: (file: string, tensor: string, reason: string, value?: unknown): JacoflowError =>
    new JacoflowError({
      code: "INVALID_SAFETENSORS",
      kind: "invalid",
      message: tensor === "" ? `${file}: ${reason}` : `${file}: tensor "${tensor}": ${reason}`,
      place: tensor === "" ? file : `${file}#${tensor}`,
      value,
      remedy: "Write the file again with a safetensors library.",
    }),

  /** Weights in another form: a pickle is a program, and is never read. */
  notSafetensors: (file: string, form: string): JacoflowError =>
    new JacoflowError({
      code: "NOT_SAFETENSORS",
      kind: "invalid",
      message: `${file} is ${form}, and only safetensors are read`,
      place: file,
      value: file,
      remedy:
        "Write the weights with a safetensors library: in PyTorch `safetensors.torch.save_file(tensors, path)`, as layer/kernel (HWIO or in × out) and layer/bias.",
    }),

  missingWeight: (
    file: string,
    tensor: string,
    shape: readonly number[],
    present: readonly string[],
  ): JacoflowError =>
    new JacoflowError({
      code: "MISSING_WEIGHT",
      kind: "invalid",
      message: `${file}: the network needs tensor "${tensor}" (${shapeText(shape)}), which the file does not hold`,
      place: `${file}#${tensor}`,
      value: tensor,
      remedy: `${present.length === 0 ? "The file holds no other tensor." : meant(tensor, present)}`,
    }),

  /** `index` counts in the tensor, row by row. */
  weightValue: (file: string, tensor: string, index: number, value: number): JacoflowError =>
    new JacoflowError({
      code: "WEIGHT_VALUE",
      kind: "invalid",
      message: `${file}: number ${index} of tensor "${tensor}" is ${value}`,
      place: `${file}#${tensor}[${index}]`,
      value,
      remedy:
        "Use weights that are finite numbers of 32 bits: this training had diverged, or the file is damaged.",
    }),

  weightDtype: (file: string, tensor: string, dtype: string): JacoflowError =>
    new JacoflowError({
      code: "WEIGHT_DTYPE",
      kind: "invalid",
      message: `${file}: tensor "${tensor}" holds integers (${dtype})`,
      place: `${file}#${tensor}`,
      value: dtype,
      remedy: "Write the weights as F32, F64, F16 or BF16; quantised ones multiplied out.",
    }),

  extraWeight: (file: string, tensor: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "EXTRA_WEIGHT",
      kind: "invalid",
      message: `${file}: tensor "${tensor}" belongs to no layer of the network`,
      place: `${file}#${tensor}`,
      value: tensor,
      remedy: known.length === 0 ? "Remove it from the file." : meant(tensor, known),
    }),

  weightShape: (
    file: string,
    tensor: string,
    found: readonly number[],
    wanted: readonly number[],
  ): JacoflowError =>
    new JacoflowError({
      code: "WEIGHT_SHAPE",
      kind: "invalid",
      message: `${file}: tensor "${tensor}" is ${shapeText(found)}, the network needs ${shapeText(wanted)}`,
      place: `${file}#${tensor}`,
      value: found,
      remedy: "Use the weights of this network: kernels are [height, width, in, out] or [in, out].",
    }),

  /** Numbers handed to a model that do not fit its network. */
  wrongSize: (what: string, found: string, wanted: string): JacoflowError =>
    new JacoflowError({
      code: "WRONG_SIZE",
      kind: "run",
      message: `${what} is ${found}, this network needs ${wanted}`,
      place: what,
      value: found,
      remedy: "Hand over examples, parameters and blocks made for this network.",
    }),

  labelOutOfRange: (example: number, label: number, outputs: number): JacoflowError =>
    new JacoflowError({
      code: "LABEL_OUT_OF_RANGE",
      kind: "invalid",
      message: `label ${label} of example ${example} is outside 0 … ${outputs - 1}`,
      place: `examples[${example}].label`,
      value: label,
      remedy: `Give the network as many outputs as there are classes (it has ${outputs}).`,
    }),

  /** A batch that names an example the training does not have. */
  indexOutOfRange: (index: number, examples: number): JacoflowError =>
    new JacoflowError({
      code: "INDEX_OUT_OF_RANGE",
      kind: "run",
      message: `the batch names example ${index}, there are 0 … ${examples - 1}`,
      place: "indices",
      value: index,
      remedy: "Draw batches from the examples the training was opened with.",
    }),

  notDifferentiable: (layer: string, engine: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "NOT_DIFFERENTIABLE",
      kind: "invalid",
      message: `layer ${layer}: engine ${engine} cannot differentiate it: ${reason}`,
      place: layer,
      remedy: "Use another layer or another engine.",
    }),

  unknownEngine: (name: string, known: readonly string[]): JacoflowError =>
    new JacoflowError({
      code: "UNKNOWN_ENGINE",
      kind: "invalid",
      message: `there is no engine "${name}" here`,
      place: "engine",
      value: name,
      remedy: meant(name, known),
    }),

  /** The engine's thread died or could not start; whatever it was doing is lost. */
  engineNotInstalled: (engine: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "ENGINE_NOT_INSTALLED",
      kind: "run",
      message: `engine ${engine} is not here: ${reason}`,
      place: "engine",
      remedy: "Install what it needs, or take another engine: `jacoflow doctor` lists them.",
    }),

  engineLost: (engine: string, cause: unknown): JacoflowError =>
    new JacoflowError({
      code: "ENGINE_LOST",
      kind: "run",
      message: `engine ${engine} stopped: ${cause instanceof Error ? cause.message : String(cause)}`,
      place: "engine",
      remedy: "Run `jacoflow doctor`; lower the number of examples or the rank if memory ran out.",
      cause,
    }),

  /** The engine's memory is full; what it was doing is lost, and the engine with it. */
  engineMemory: (engine: string, wanted: string): JacoflowError =>
    new JacoflowError({
      code: "ENGINE_MEMORY",
      kind: "run",
      message: `engine ${engine} has no memory left for ${wanted}`,
      place: "engine",
      value: wanted,
      remedy: "Use fewer examples at a time, a smaller batch, a lower rank or a smaller network.",
    }),

  /** A result that no engine hands over in one piece. */
  resultTooLarge: (what: string, bytes: number, limit: number): JacoflowError =>
    new JacoflowError({
      code: "RESULT_TOO_LARGE",
      kind: "run",
      message: `${what} would take ${gigabytes(bytes)}; one result may take ${gigabytes(limit)}`,
      place: what,
      value: bytes,
      remedy: "Hand over fewer examples or columns at a time, or use a sweep, which never holds J.",
    }),

  /** A model or training used after its `close`. */
  closed: (what: "model" | "training"): JacoflowError =>
    new JacoflowError({
      code: "CLOSED",
      kind: "run",
      message: `the ${what} is closed`,
      place: what,
      remedy: `Open a new ${what}.`,
    }),

  engineClosed: (engine: string): JacoflowError =>
    new JacoflowError({
      code: "ENGINE_CLOSED",
      kind: "run",
      message: `engine ${engine} is closed`,
      place: "engine",
      remedy: "Create a new engine.",
    }),
} as const;
