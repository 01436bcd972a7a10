import { JacoflowError } from "jacoflow";

const invalid = (
  code: string,
  message: string,
  place: string,
  value: unknown,
  remedy: string,
  cause?: unknown,
) =>
  // Null where what is wrong is that something is not there.
  new JacoflowError({ code, kind: "invalid", message, place, value: value ?? null, remedy, cause });

/** A value of the file as text, whatever it is, cut when long. */
export const shown = (value: unknown): string => {
  const text = typeof value === "string" ? value : (JSON.stringify(value) ?? String(value));
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
};

/** A layer as messages call it. */
interface Named {
  /** `layers[3]`, `layers[3].layers[0]` within a nested model. */
  readonly place: string;
  readonly name: string;
  readonly className: string;
}

const called = ({ place, name, className }: Named) => `${place} "${name}" (${className})`;

/** Messages about Keras models saved by TensorFlow.js. A place is `model.json#layers[3]`, `model.json#tensor` or a file. */
export const kerasErrors = {
  /** `weights`: a file that `file` names. */
  unreadable: (file: string, cause: unknown, weights?: string) =>
    invalid(
      "KERAS_UNREADABLE",
      `${weights === undefined ? file : `${file}: its weights ${weights}`} cannot be read: ${cause instanceof Error ? cause.message : String(cause)}`,
      file,
      weights ?? file,
      "Check the path (relative ones start at the pipeline file's folder) and its permissions.",
      cause,
    ),

  /** A file that TensorFlow.js would not have written. */
  format: (file: string, reason: string, value?: unknown) =>
    invalid(
      "KERAS_FORMAT",
      `${file}: ${reason}`,
      file,
      value,
      "Save the model with TensorFlow.js (`model.save`), or convert it with tensorflowjs_converter --output_format tfjs_layers_model.",
    ),

  /** A layer, or an option of one, that has no counterpart here. */
  layer: (file: string, layer: Named, reason: string) =>
    invalid(
      "KERAS_LAYER",
      `${file}: ${called(layer)}: ${reason}`,
      `${file}#${layer.place}`,
      layer.className,
      "Replace the layer by those that README.md of jacoflow-plugin-keras lists, or leave it out, and train again.",
    ),

  /** Layers that are connected in a way a chain with residual branches is not. */
  graph: (file: string, layer: Named, reason: string) =>
    invalid(
      "KERAS_GRAPH",
      `${file}: ${called(layer)}: ${reason}`,
      `${file}#${layer.place}`,
      layer.name,
      "A model must be a chain of layers, and of branches of two that an Add layer joins again.",
    ),

  /** An input whose shape is not known, or of which there are several. */
  input: (file: string, reason: string, value?: unknown) =>
    invalid(
      "KERAS_INPUT",
      `${file}: ${reason}`,
      `${file}#input`,
      value,
      "Give the first layer a fixed input shape: [height, width, channels] or [features].",
    ),

  softmax: (place: string, file: string, name: string) =>
    invalid(
      "KERAS_SOFTMAX",
      `${file} ends with the soft-max of "${name}"`,
      place,
      name,
      "Set softmax: strip, for the Jacobian of the logits before it.",
    ),

  shardPath: (file: string, path: unknown) =>
    invalid(
      "KERAS_SHARD_PATH",
      `${file}: weights in ${JSON.stringify(path)}, which is not a file beside it`,
      `${file}#weightsManifest`,
      path,
      "Put the files of the weights beside model.json, and their bare names into its weightsManifest.",
    ),

  shardBytes: (file: string, found: number, wanted: number) =>
    invalid(
      "KERAS_SHARD_BYTES",
      `${file}: the files of a group of weights hold ${found} bytes, its tensors ${wanted}`,
      `${file}#weightsManifest`,
      found,
      "Copy all files of the weights again.",
    ),

  weight: (file: string, tensor: string, reason: string, value?: unknown) =>
    invalid(
      "KERAS_WEIGHT",
      `${file}: tensor "${tensor}": ${reason}`,
      `${file}#${tensor}`,
      value,
      "Save the model with weights of float32, without quantization.",
    ),
} as const;
