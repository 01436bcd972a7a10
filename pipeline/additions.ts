import type { Static, TObject } from "typebox";

/** The data a network is made for. */
export interface NetworkData {
  /** Shape of an example: [height, width, channels] or [features]. */
  readonly input: readonly number[];
  /** K, the number of outputs. */
  readonly classes: number;
}

/** A network by name, with options of its own: what `architecture` of network/init may say. */
export interface NamedArchitecture<Options extends TObject = TObject> {
  /** One line for `jacoflow describe`. */
  readonly summary: string;
  /** Stand beside `architecture` in the file; every property with a description. */
  readonly options: Options;
  /** The network { input, layers } in the form of a network file. The same for the same arguments. */
  network(options: Static<Options>, data: NetworkData): object;
}

/** A law of label noise by name, with options of its own: what `kind` of labels/noise may say. */
export interface NamedLabelNoise<Options extends TObject = TObject> {
  /** One line for `jacoflow describe`. */
  readonly summary: string;
  /** Stand beside `kind` in the file; every property with a description. */
  readonly options: Options;
  /** K rows of K probabilities: row c is the law of the new label of a selected example of class c. */
  law(options: Static<Options>, classes: number): readonly (readonly number[])[];
}

/** Built-in layers by one name: what `type` of a layer in a network may say. */
export interface NamedLayers<Options extends TObject = TObject> {
  /** One line on what the layers are. */
  readonly summary: string;
  /** Stand beside `type` and `name` in the network; every property with a description. */
  readonly options: Options;
  /** Built-in layers in the form of a network file. The name of the layer is put before theirs, with a hyphen. */
  layers(options: Static<Options>): readonly object[];
}

/** Something of a plugin, and the plugin's name for messages. */
export interface Added<Thing> {
  readonly plugin: string;
  readonly thing: Thing;
}

/** What plugins add to built-in stages, by name. */
export interface Additions {
  readonly architectures: ReadonlyMap<string, Added<NamedArchitecture>>;
  readonly labelNoises: ReadonlyMap<string, Added<NamedLabelNoise>>;
  readonly layers: ReadonlyMap<string, Added<NamedLayers>>;
}

export const noAdditions: Additions = { architectures: new Map(), labelNoises: new Map(), layers: new Map() };

/** Options of the stages themselves, which no addition may have. */
export const reservedOptions = {
  architecture: ["architecture", "network", "weights", "initialisation", "outputScale"],
  labelNoise: ["kind", "fraction", "matrix", "split"],
  layer: ["type", "name"],
} as const;

/** Declares a named architecture; its options infer from the schema. */
export function defineArchitecture<const Options extends TObject>(
  architecture: NamedArchitecture<Options>,
): NamedArchitecture<Options> {
  return Object.freeze(architecture);
}

/** Declares a law of label noise; its options infer from the schema. */
export function defineLabelNoise<const Options extends TObject>(
  noise: NamedLabelNoise<Options>,
): NamedLabelNoise<Options> {
  return Object.freeze(noise);
}

/** Declares built-in layers by one name; their options infer from the schema. */
export function defineLayers<const Options extends TObject>(
  layers: NamedLayers<Options>,
): NamedLayers<Options> {
  return Object.freeze(layers);
}
