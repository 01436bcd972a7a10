import { JacoflowError } from "../../schemas/errors/error.js";
import { nearest } from "../../schemas/errors/nearest.js";
import { networkErrors } from "../../schemas/errors/network.js";
import { type KeyRule, layerRules, networkKeys } from "./form.js";
import type { Network } from "./network.js";
import { inferShapes } from "./shapes.js";

interface Findings {
  readonly problems: JacoflowError[];
  /** Every place a layer name is used. */
  readonly names: Map<string, string[]>;
}

/**
 * Turns unknown JSON into a network whose form and shapes are right. One mistake is thrown as itself (INVALID_LAYER,
 * UNKNOWN_LAYER_TYPE, UNKNOWN_LAYER_KEY, REPEATED_LAYER_NAME, INVALID_NETWORK), several as one INVALID_NETWORK whose
 * `value` lists them. `source` is what messages call the network: a file, or an option's path.
 */
export function parseNetwork(value: unknown, source = "network"): Network {
  const problems = networkProblems(value, source).map((problem) => within(source, problem));
  if (problems.length === 1) throw problems[0];
  if (problems.length > 1) throw networkErrors.severalProblems(source, problems);
  return value as Network;
}

/** A mistake of a layer with the file or option that describes its network; "network" says no more than the layer. */
function within(source: string, problem: JacoflowError): JacoflowError {
  const { code, kind, message, place = "", value, remedy, suggestion } = problem;
  if (source === "network" || place.startsWith(source)) return problem;
  return new JacoflowError({
    code,
    kind,
    message: `${source}: ${message}`,
    place: `${source}#${place}`,
    value: value ?? place,
    ...(remedy === undefined ? {} : { remedy }),
    ...(suggestion === undefined ? {} : { suggestion }),
  });
}

/** Every mistake of a network description; shapes are followed only when the form is right. */
export function networkProblems(value: unknown, source = "network"): readonly JacoflowError[] {
  if (!isRecord(value)) {
    const reason = `it must be an object with input and layers, not ${show(value)}`;
    return [networkErrors.invalidNetwork(source, reason, "Write { input: [...], layers: [...] }.", value)];
  }
  const findings: Findings = { problems: [], names: new Map() };
  checkNetworkKeys(value, source, findings);
  if (Array.isArray(value.layers)) checkStack(value.layers, "layers", findings);
  for (const [name, places] of findings.names) {
    if (places.length > 1) findings.problems.push(networkErrors.repeatedLayerName(name, places));
  }
  if (findings.problems.length > 0) return findings.problems;
  try {
    inferShapes(value as unknown as Network);
    return [];
  } catch (problem) {
    return [problem as JacoflowError];
  }
}

function checkNetworkKeys(network: Record<string, unknown>, source: string, findings: Findings): void {
  const known = Object.keys(networkKeys);
  for (const key of Object.keys(network)) {
    if (known.includes(key)) continue;
    const close = nearest(key, known);
    const remedy = close === undefined ? "A network has input and layers only." : `Did you mean "${close}"?`;
    findings.problems.push(networkErrors.invalidNetwork(source, `unknown key "${key}"`, remedy, key));
  }
  for (const [key, rule] of Object.entries(networkKeys)) {
    const reason = rule.check(network[key]);
    if (reason === undefined) continue;
    const text = `${key} must be ${reason}, not ${show(network[key])}`;
    const remedy = key === "input" ? "Write [height, width, channels] or [features]." : "List the layers.";
    findings.problems.push(networkErrors.invalidNetwork(`${source}.${key}`, text, remedy, network[key]));
  }
}

function checkStack(layers: readonly unknown[], place: string, findings: Findings): void {
  layers.forEach((layer, index) => {
    checkLayer(layer, `${place}[${index}]`, findings);
  });
}

function checkLayer(layer: unknown, place: string, findings: Findings): void {
  if (!isRecord(layer)) {
    const remedy = "Write an object with a type, for example { type: flatten }.";
    findings.problems.push(networkErrors.invalidLayer(place, `it is ${show(layer)}`, remedy, layer));
    return;
  }
  const named = typeof layer.name === "string" && layer.name !== "";
  const label = named ? `"${layer.name}" (${place})` : place;
  if (named) {
    const name = String(layer.name);
    findings.names.set(name, [...(findings.names.get(name) ?? []), place]);
  }
  const type = layer.type;
  if (typeof type !== "string" || !Object.hasOwn(layerRules, type)) {
    findings.problems.push(
      type === undefined
        ? networkErrors.invalidLayer(label, "it has no type", `Give it one of ${layerTypes.join(", ")}.`)
        : networkErrors.unknownLayerType(label, typeof type === "string" ? type : show(type), layerTypes),
    );
    return;
  }
  checkLayerKeys(layer, type, label, layerRules[type], findings);
  for (const branch of ["main", "shortcut"]) {
    const layers = layer[branch];
    if (type === "residual" && Array.isArray(layers)) checkStack(layers, `${place}.${branch}`, findings);
  }
}

function checkLayerKeys(
  layer: Record<string, unknown>,
  type: string,
  label: string,
  rules: Readonly<Record<string, KeyRule>>,
  findings: Findings,
): void {
  const known = ["type", ...Object.keys(rules)];
  for (const key of Object.keys(layer)) {
    if (!known.includes(key)) findings.problems.push(networkErrors.unknownLayerKey(label, type, key, known));
  }
  for (const [key, rule] of Object.entries(rules)) {
    const value = layer[key];
    if (value === undefined) {
      if (!rule.required) continue;
      const reason = `${type} needs "${key}", ${rule.wanted}`;
      findings.problems.push(networkErrors.invalidLayer(label, reason, `Add "${key}".`));
      continue;
    }
    const reason = rule.check(value);
    if (reason === undefined) continue;
    const text = `${key} must be ${reason}, not ${show(value)}`;
    findings.problems.push(networkErrors.invalidLayer(label, text, `Correct "${key}".`, value));
  }
}

const layerTypes = Object.keys(layerRules);

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function show(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > 60 ? `${text.slice(0, 57)}...` : text;
}
