import type { DataType } from "apache-arrow";
import type { TableDefinition } from "./table.js";
import { advice } from "./tables/advice.js";
import { bound } from "./tables/bound.js";
import { density } from "./tables/density.js";
import { examplesTable, predictionsTable } from "./tables/examples.js";
import { metrics } from "./tables/metrics.js";
import { parametersTable } from "./tables/parameters.js";
import { angles, directions, projection } from "./tables/projection.js";
import { runsTable } from "./tables/runs.js";
import { basis, spectrum } from "./tables/spectrum.js";
import { linearised } from "./tables/theory.js";

interface Entry {
  readonly table: TableDefinition;
  /** What one row is. */
  readonly row: string;
  /** Name of a list's length, where the definition above has an example. */
  readonly sizes?: Readonly<Record<string, string>>;
  /** Schema metadata beyond `jacoflow.table` and `jacoflow.version`. */
  readonly metadata?: Readonly<Record<string, string>>;
  /** Metadata of single fields. */
  readonly fieldMetadata?: Readonly<Record<string, string>>;
}

const entries: readonly Entry[] = [
  {
    table: examplesTable([1]),
    row: "an example",
    sizes: { features: "d" },
    metadata: {
      classes:
        "JSON array of the K class names, in the order of the labels; absent: K is the network's output",
      noise:
        "JSON object left by `labels/noise`: kind, fraction, splits, and transition, where transition[c][j] = P(given label j | true class c)",
    },
    fieldMetadata: { features: "`shape`: JSON array, `[28,28,1]` (height, width, channels) or `[d]`" },
  },
  {
    table: parametersTable({}),
    row: "a tensor of a snapshot; one record batch is one snapshot",
    metadata: { network: "the network as JSON" },
  },
  {
    table: predictionsTable(1),
    row: "the network's output for an example at a step",
    sizes: { values: "K" },
  },
  { table: metrics, row: "a number at a step; one record batch is one evaluation" },
  { table: spectrum, row: "a singular value of a Jacobian" },
  {
    table: basis,
    row: "a left singular vector of a Jacobian",
    metadata: {
      variance: "ν² of the theory's kernel, where the vectors are those of ν Σ(X)^½ and not of a Jacobian",
    },
  },
  {
    table: density,
    row: "a singular value, or a node that stands for several; one record batch is one Jacobian",
  },
  { table: projection, row: "a target projected at one cut" },
  { table: directions, row: "a target on the directions of a Jacobian" },
  { table: angles, row: "a principal angle" },
  {
    table: runsTable(["stages.noise.with.fraction"]),
    row: "a run; kept in `tables/runs/` of the matrix's folder, a file a shard",
    metadata: { axes: "JSON array of the paths the matrix varies, each with two columns, as here" },
  },
  { table: linearised, row: "a measured residual beside its prediction" },
  { table: advice, row: "a stop: the advised one, and in hindsight the best and the last" },
  { table: bound, row: "a cut α and a Γ; one record batch is one basis and target" },
];

function typeText(type: DataType, size: string | undefined): string {
  const text = String(type);
  const fixed = /^FixedSizeList\[(\d+)\]<(.*)>$/.exec(text);
  if (fixed !== null) return `fixed_size_list<${fixed[2].toLowerCase()}>[${size ?? fixed[1]}]`;
  if (text.startsWith("Dictionary<")) return "dictionary<int32, utf8>";
  return text.toLowerCase();
}

function section({ table, row, sizes = {}, metadata = {}, fieldMetadata = {} }: Entry): string {
  const cell = (text: string) => text.replaceAll("|", "\\|");
  const lines = [
    `## ${table.name}`,
    "",
    `${table.summary}. Version ${table.version}. A row is ${row}.`,
    "",
    "| column | type | unit | meaning |",
    "|---|---|---|---|",
    ...Object.entries(table.columns).map(
      ([name, column]) =>
        `| \`${name}\` | ${typeText(column.type, sizes[name])} | ${column.unit} | ${cell(column.meaning)} |`,
    ),
  ];
  const facts = [
    ...Object.entries(metadata).map(([key, meaning]) => `- schema metadata \`${key}\`: ${meaning}`),
    ...Object.entries(fieldMetadata).map(([name, meaning]) => `- metadata of field \`${name}\`: ${meaning}`),
  ];
  return [...lines, ...(facts.length === 0 ? [] : ["", ...facts])].join("\n");
}

/** Beside the folders of a table's stages, in `tables/TABLE/`. Readers of data sets pass over names with `_`. */
export const descriptionFile = "_schema.json";

/** The report of a run, in its folder. */
export const reportFile = "report.html";

/** Beside the parts of one stage: rows, bytes and SHA-256 of each, and which sink wrote them. */
export const checksumsFile = "_checksums.json";

/**
 * What `tables/TABLE/_schema.json` says: name, version, what a row is, the columns with type, unit and meaning, the
 * metadata of schema and fields. Undefined for a table that is not the house's.
 */
export function tableDescription(name: string): string | undefined {
  const entry = entries.find(({ table }) => table.name === name);
  if (entry === undefined) return undefined;
  const { table, row, sizes = {}, metadata = {}, fieldMetadata = {} } = entry;
  const columns = Object.entries(table.columns).map(([column, { type, unit, meaning }]) => ({
    name: column,
    type: typeText(type, sizes[column]),
    unit,
    meaning,
    ...(fieldMetadata[column] === undefined ? {} : { metadata: fieldMetadata[column] }),
  }));
  const { version, summary } = table;
  return `${JSON.stringify({ table: name, version, summary, row, columns, metadata }, null, 2)}\n`;
}

/** The tables in words: the text of docs/tables.md, made from the definitions alone. */
export function tablesDocument(): string {
  const head = [
    "# Tables",
    "",
    "What travels on the edges of a pipeline and what sinks write. Made from the definitions in `schemas/tables/` by",
    "`npm run documents`; do not edit.",
    "",
    "Every table is long: a row can stand alone, whatever file it ends up in. No column is nullable: what is not there is",
    "NaN, or an empty list. The schema's metadata names the table (`jacoflow.table`) and its version (`jacoflow.version`),",
    "which grows when a column changes its meaning or goes. `split` is a dictionary of `train` and `test`, always both in",
    "this order. `step` counts training steps, `epoch` passes over the training examples. Symbols: n examples, K classes,",
    "p trainable parameters, J the Jacobian with rows sample-major (row i·K + k is output k of example i), u_index and",
    "v_index its singular vectors. Unit 1 is a pure number; text and truth values have none.",
    "",
    "A run keeps a table in `tables/TABLE/STAGE/part-*.parquet`, rows by `step` (by `jacobian_step` where there is no step;",
    "those of one step in the order they were sent) and declared so to readers, with the smallest and largest value of each",
    "column that is no list in every row group. `split` is text there. `tables/TABLE/_schema.json` says of its table what this",
    "page says: `table`, `version`, `summary`, `row`, `columns` (each `name`, `type`, `unit`, `meaning`) and the keys of the",
    "schema's `metadata`; the metadata themselves are key and value pairs of each file, a field's as `column.NAME.KEY`.",
    "`tables/TABLE/STAGE/_checksums.json` names the sink and has the rows, bytes and SHA-256 of each part.",
  ];
  return `${[head.join("\n"), ...entries.map(section)].join("\n\n")}\n`;
}
