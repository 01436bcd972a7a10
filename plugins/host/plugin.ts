import type { NamedArchitecture, NamedLabelNoise, NamedLayers, Stage } from "../../pipeline/stage.js";

/** Version of what plugins and jacoflow expect of each other. */
export const pluginApi = 1;

/** What a plugin brings. */
export interface Plugin {
  /** `[a-z0-9-]+`, in messages and in run.json. */
  readonly name: string;
  readonly api: typeof pluginApi;
  // biome-ignore lint/suspicious/noExplicitAny: stages of all options and ports; each is checked where it is declared
  readonly stages?: readonly Stage<any, any, any>[];
  /** For `architecture` of network/init and network/pretrained, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: of all options; each is checked where it is declared
  readonly architectures?: Readonly<Record<string, NamedArchitecture<any>>>;
  /** For `kind` of labels/noise, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: of all options; each is checked where it is declared
  readonly labelNoises?: Readonly<Record<string, NamedLabelNoise<any>>>;
  /** For `type` of the layers of a network, by name. */
  // biome-ignore lint/suspicious/noExplicitAny: of all options; each is checked where it is declared
  readonly layers?: Readonly<Record<string, NamedLayers<any>>>;
}

/** Declares a plugin: the default export of its module. */
export function definePlugin(plugin: Plugin): Plugin {
  return Object.freeze(plugin);
}
