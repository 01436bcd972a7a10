import { stringify } from "yaml";
import { type OptionSchema, sampleValue } from "../file/sampleValue.js";
import type { InputPort, Stage } from "../stage.js";
import { wrapped } from "./columns.js";
import { typeText } from "./optionText.js";

/** All that `describe` says of a stage: summary, ports, options with types and defaults, an example. */
export function stageText(stage: Stage, width: number): string {
  return [
    `${stage.name}\n${wrapped(stage.summary, 2, width)}`,
    portsText(
      "inputs",
      Object.entries(stage.inputs).map(([name, port]) => inputLine(name, port)),
      width,
    ),
    portsText(
      "outputs",
      Object.entries(stage.outputs).map(([name, port]) => [`${name}: ${port.table}`, port.summary]),
      width,
    ),
    optionsText(stage.options as OptionSchema, width),
    ...variantTexts(stage, width),
    `example\n${exampleOf(stage).replaceAll(/^(?=.)/gm, "  ")}`,
  ]
    .filter((part) => part !== "")
    .join("\n");
}

type Line = readonly [head: string, summary: string];

function inputLine(name: string, port: InputPort): Line {
  const how = [
    port.delivery === "whole" ? "whole, before the stage starts" : "batch by batch",
    ...(port.many ? ["any number of them"] : []),
    ...(port.optional ? ["may be left out"] : []),
  ];
  return [`${name}: ${port.table === "any" ? "any table" : port.table} (${how.join("; ")})`, port.summary];
}

function portsText(title: string, lines: readonly Line[], width: number): string {
  if (lines.length === 0) return "";
  return `${title}\n${lines.map(([head, summary]) => `  ${head}\n${wrapped(summary, 6, width)}`).join("")}`;
}

function optionsText(options: OptionSchema, width: number): string {
  const properties = Object.entries(options.properties ?? {});
  if (properties.length === 0) return "options\n  none\n";
  const needed = new Set(options.required ?? []);
  return `options\n${properties.map(([name, schema]) => optionText(name, schema, needed.has(name), 2, width)).join("")}`;
}

/** The options that a variant has besides the stage's. */
function variantTexts({ options, variants }: Stage, width: number): readonly string[] {
  return [...(variants?.schemas ?? [])].map(([name, schema]) => {
    const own = Object.entries(schema.properties).filter(
      ([option, declared]) => JSON.stringify(options.properties[option]) !== JSON.stringify(declared),
    );
    const properties = Object.fromEntries(own) as Readonly<Record<string, OptionSchema>>;
    const text = optionsText({ properties, required: schema.required ?? [] } as OptionSchema, width);
    return text.replace("options", `options with ${variants?.option}: ${name}`);
  });
}

function optionText(
  name: string,
  schema: OptionSchema,
  needed: boolean,
  indent: number,
  width: number,
): string {
  const fallback =
    schema.default !== undefined ? `, default ${JSON.stringify(schema.default)}` : needed ? ", required" : "";
  const head = `${" ".repeat(indent)}${name}: ${typeText(schema)}${fallback}\n`;
  const description = schema.description === undefined ? "" : wrapped(schema.description, indent + 4, width);
  return head + description + nestedText(schema, indent + 4, width);
}

/** The properties of an object option, of the objects in a list, and of the objects among alternatives. */
function nestedText(schema: OptionSchema, indent: number, width: number): string {
  const needed = new Set(schema.required ?? []);
  const own = Object.entries(schema.properties ?? {})
    .map(([name, property]) => optionText(name, property, needed.has(name), indent, width))
    .join("");
  const items =
    Array.isArray(schema.items) || schema.items === undefined ? [] : [schema.items as OptionSchema];
  return own + [...items, ...(schema.anyOf ?? [])].map((inner) => nestedText(inner, indent, width)).join("");
}

/** A stage of a pipeline file in YAML: the options that must be given, and where inputs come from. */
export function exampleOf(stage: Stage): string {
  const options = sampleValue(stage.options as OptionSchema, stage.name) as Record<string, unknown>;
  const needed = Object.entries(stage.inputs).filter(([, port]) => !port.optional);
  const from = needed.map(([, port]) => (port.table === "any" ? "train.metrics" : sourceOf[port.table]));
  const entry = {
    uses: stage.name,
    ...(from.length === 0 ? {} : { from: from.length === 1 ? from[0] : [...new Set(from)] }),
    ...(Object.keys(options).length === 0 ? {} : { with: options }),
  };
  const name = stage.name.split("/").at(-1) as string;
  return `${name}: ${stringify(entry, { collectionStyle: "flow", flowCollectionPadding: true, lineWidth: 0 })}`;
}

/** Where a table usually comes from, in the words of design §3's file. */
const sourceOf: Readonly<Record<string, string>> = {
  examples: "data",
  parameters: "train.snapshots",
  predictions: "train.predictions",
  metrics: "train.metrics",
  spectrum: "svd.spectrum",
  basis: "svd.basis",
  projection: "project",
  angles: "angles",
  linearised: "linear.linearised",
};
