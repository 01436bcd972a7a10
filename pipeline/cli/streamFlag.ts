import { commandLineErrors } from "../../schemas/errors/commandLine.js";
import { standardOutputName } from "../../stages/sinks/target.js";
import { defaultCapacity, type ResolvedPipeline, type ResolvedStage, type Wire } from "../graph/resolved.js";
import type { Stage } from "../stage.js";

/** What `--stream` asks for: one table, of every stage that sends it, as an Arrow stream. */
interface AskedStream {
  readonly table: string;
  /** `-` or a file of the run folder. */
  readonly target: string;
  /** As it was given. */
  readonly text: string;
}

/** The table of a bare `--stream -`. */
const usualTable = "metrics";

const form = "TARGET or TABLE=TARGET, such as - or projection=-";

function parseStream(text: string): AskedStream {
  const at = text.indexOf("=");
  const asked = { table: at === -1 ? usualTable : text.slice(0, at), target: text.slice(at + 1), text };
  if (asked.table !== "" && /^(-|[^/\\]+)$/.test(asked.target)) return asked;
  throw commandLineErrors.badFlagValue(
    "stream",
    text,
    form,
    "- is stdout; else name a file of the run folder.",
  );
}

/** What a stage of the file writes to stdout; undefined when it writes nothing there. */
function usesStandardOutput({ uses, options }: ResolvedStage): boolean {
  return (
    uses === "sink/console" || options.file === standardOutputName || options.stream === standardOutputName
  );
}

/**
 * The pipeline with a `sink/arrow` more for every stream asked for on the command line; the file, its record in run.json
 * and every number stay as they are. Errors: BAD_FLAG_VALUE for a table that no stage sends, and where stdout would get
 * more than one stream.
 */
export function withStreams(
  pipeline: ResolvedPipeline,
  texts: readonly string[],
  definition: Stage,
): ResolvedPipeline {
  const asked = texts.map(parseStream);
  const onOutput = asked.filter(({ target }) => target === standardOutputName);
  const rival = pipeline.stages.find(usesStandardOutput);
  if (onOutput.length > 1 || (onOutput.length > 0 && rival !== undefined)) {
    const why =
      rival === undefined ? "One stream fits on stdout." : `stages.${rival.name} writes to stdout too.`;
    throw commandLineErrors.badFlagValue(
      "stream",
      onOutput[0].text,
      form,
      `${why} Send one of them to a file.`,
    );
  }
  return asked.reduce((grown, stream) => withStream(grown, stream, definition), pipeline);
}

function withStream(
  pipeline: ResolvedPipeline,
  { table, target, text }: AskedStream,
  definition: Stage,
): ResolvedPipeline {
  const ports = pipeline.stages.flatMap(({ name: stage, definition: { outputs } }) =>
    Object.entries(outputs).map(([port, output]) => ({ stage, port, table: output.table })),
  );
  const from = ports.filter((port) => port.table === table);
  if (from.length === 0) {
    const tables = [...new Set(ports.map((port) => port.table))].join(", ");
    throw commandLineErrors.badFlagValue("stream", text, "a table of this pipeline", `There are ${tables}.`);
  }
  const names = pipeline.stages.map(({ name }) => name);
  let name = `stream-${table}`;
  while (names.includes(name)) name += "-again";
  const options = { rowsPerPart: 65_536, stream: target };
  const wires = from.map(
    ({ stage, port, table }): Wire => ({
      from: { stage, port },
      to: { stage: name, port: "tables" },
      table,
      delivery: "stream",
      capacity: defaultCapacity,
      policy: "block",
    }),
  );
  return {
    ...pipeline,
    stages: [...pipeline.stages, { name, uses: definition.name, definition, options }],
    order: [...pipeline.order, name],
    wires: [...pipeline.wires, ...wires],
  };
}
