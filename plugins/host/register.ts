import type { Added, Additions, InputPort, OutputPort, Stage } from "../../pipeline/stage.js";
import { pluginErrors } from "../../schemas/errors/plugins.js";
import type { Plugin } from "./plugin.js";

type Stages = ReadonlyMap<string, Stage>;

/** What plugins add to. */
export interface BuiltIns {
  /** The built-in stages, with what plugins add to them. */
  stages(additions: Additions): Stages;
  /** Names that what is added of each kind may not take. */
  readonly architectures: readonly string[];
  readonly labelNoises: readonly string[];
  readonly layers: readonly string[];
}

/**
 * The stages there are with those of plugins, in order, the built-in ones with what plugins add to them. A stage that replaces a built-in one is there under both names.
 * PLUGIN_NAME_TAKEN, PLUGIN_REPLACES_NOTHING, PLUGIN_OTHER_PORTS.
 */
export function registerPlugins(builtIn: BuiltIns, plugins: readonly Plugin[]): Stages {
  const builtIns = builtIn.stages({
    architectures: added("architecture", builtIn.architectures, plugins, (plugin) => plugin.architectures),
    labelNoises: added("label noise", builtIn.labelNoises, plugins, (plugin) => plugin.labelNoises),
    layers: added("layer", builtIn.layers, plugins, (plugin) => plugin.layers),
  });
  const stages = new Map(builtIns);
  const owners = new Map<string, string>([...builtIns.keys()].map((name) => [name, "jacoflow"]));
  const names = new Set<string>();
  for (const { name, stages: brought = [] } of plugins) {
    if (names.has(name)) throw pluginErrors.nameTaken(name, `the name "${name}"`, "another plugin");
    names.add(name);
    for (const stage of brought) {
      const owner = owners.get(stage.name);
      if (owner !== undefined) throw pluginErrors.nameTaken(name, `the stage "${stage.name}"`, owner);
      owners.set(stage.name, `plugin "${name}"`);
      stages.set(stage.name, stage);
      if (stage.replaces === undefined) continue;
      checkReplacement(name, stage, builtIns, owners);
      owners.set(stage.replaces, `plugin "${name}"`);
      stages.set(stage.replaces, stage);
    }
  }
  return stages;
}

/** What plugins bring of one kind, by name. PLUGIN_NAME_TAKEN. */
function added<Thing>(
  kind: string,
  taken: readonly string[],
  plugins: readonly Plugin[],
  broughtBy: (plugin: Plugin) => Readonly<Record<string, Thing>> | undefined,
): ReadonlyMap<string, Added<Thing>> {
  const things = new Map<string, Added<Thing>>();
  for (const plugin of plugins) {
    for (const [name, thing] of Object.entries(broughtBy(plugin) ?? {})) {
      const other = things.get(name);
      if (other !== undefined || taken.includes(name)) {
        const owner = other === undefined ? "jacoflow" : `plugin "${other.plugin}"`;
        throw pluginErrors.nameTaken(plugin.name, `the ${kind} "${name}"`, owner);
      }
      things.set(name, { plugin: plugin.name, thing });
    }
  }
  return things;
}

function checkReplacement(
  plugin: string,
  stage: Stage,
  builtIns: Stages,
  owners: ReadonlyMap<string, string>,
): void {
  const replaced = stage.replaces as string;
  const builtIn = builtIns.get(replaced);
  if (builtIn === undefined) {
    throw pluginErrors.nothingToReplace(plugin, stage.name, replaced, [...builtIns.keys()]);
  }
  const owner = owners.get(replaced);
  if (owner !== "jacoflow") {
    throw pluginErrors.nameTaken(plugin, `a replacement of "${replaced}"`, String(owner));
  }
  const differences = [
    ...portDifferences("input", builtIn.inputs, stage.inputs),
    ...portDifferences("output", builtIn.outputs, stage.outputs),
  ];
  if (differences.length > 0) throw pluginErrors.otherPorts(plugin, stage.name, replaced, differences);
}

const traits = ["table", "delivery", "many", "optional", "lossless"] as const;

function portDifferences(
  side: "input" | "output",
  wanted: Readonly<Record<string, InputPort | OutputPort>>,
  found: Readonly<Record<string, InputPort | OutputPort>>,
): readonly string[] {
  return [...new Set([...Object.keys(wanted), ...Object.keys(found)])].flatMap((port) => {
    if (found[port] === undefined) return [`it has no ${side} "${port}"`];
    if (wanted[port] === undefined) return [`its ${side} "${port}" is one too many`];
    const of = (one: InputPort | OutputPort, trait: string) =>
      String((one as unknown as Readonly<Record<string, unknown>>)[trait] ?? false);
    return traits
      .filter((trait) => of(wanted[port], trait) !== of(found[port], trait))
      .map(
        (trait) =>
          `${trait} of ${side} "${port}" is ${of(found[port], trait)}, not ${of(wanted[port], trait)}`,
      );
  });
}
