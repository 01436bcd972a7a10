import type { LiveRun } from "./liveRun.js";
import type { EdgeNow, ListedRun } from "./protocol.js";

type Labels = Readonly<Record<string, string>>;
type Sample = readonly [labels: Labels, value: number];

/**
 * The text format of Prometheus, version 0.0.4: how many runs there are, and of the run of this process the depth and the
 * counts of its edges, rows, progress and sweeps.
 */
export function metricsText(runs: readonly ListedRun[], live: LiveRun | undefined): string {
  const states = ["running", "done", "failed", "cancelled", "lost", "unknown"] as const;
  const counts = states.map((state): Sample => [{ state }, runs.filter((run) => run.state === state).length]);
  const families = [family("jacoflow_runs", "gauge", "Run folders served, by how the run stands.", counts)];
  if (live !== undefined) families.push(...runFamilies(live));
  return families.join("");
}

function runFamilies(live: LiveRun): readonly string[] {
  const { head, totals, stages } = live;
  const run = head.id;
  const edges = live.edges.filter(({ delivery }) => delivery === "stream");
  const ofEdges = (value: (edge: EdgeNow) => number) =>
    edges.map((edge): Sample => [edgeLabels(run, edge), value(edge)]);
  const counted = stages.filter(({ total }) => total > 0);
  const ofStages = (value: (stage: (typeof stages)[number]) => number) =>
    counted.map((stage): Sample => [{ run, stage: stage.stage, unit: stage.unit }, value(stage)]);
  const sweeps = [...totals.sweeps];
  return [
    family("jacoflow_run_running", "gauge", "1 while the run goes on.", [
      [{ run }, head.state === "running" ? 1 : 0],
    ]),
    family(
      "jacoflow_edge_depth",
      "gauge",
      "Batches an edge holds: waiting, or being handled.",
      ofEdges(({ depth }) => depth),
    ),
    family(
      "jacoflow_edge_capacity",
      "gauge",
      "Batches an edge holds at most.",
      ofEdges(({ capacity }) => capacity),
    ),
    family(
      "jacoflow_edge_sent_total",
      "counter",
      "Batches put on an edge.",
      ofEdges(({ sent }) => sent),
    ),
    family(
      "jacoflow_edge_waits_total",
      "counter",
      "Sends that had to wait for room.",
      ofEdges(({ waits }) => waits),
    ),
    family(
      "jacoflow_edge_drops_total",
      "counter",
      "Batches a lossy edge dropped.",
      ofEdges(({ drops }) => drops),
    ),
    family(
      "jacoflow_edge_batches_per_second",
      "gauge",
      "Batches a second over the last five.",
      ofEdges(({ rate }) => rate),
    ),
    family(
      "jacoflow_rows_total",
      "counter",
      "Rows a stage sent of a table.",
      [...totals.rows].map(([key, count]): Sample => {
        const [stage, table] = key.split(" ");
        return [{ run, stage, table }, count];
      }),
    ),
    family(
      "jacoflow_stage_done",
      "gauge",
      "Units of work a stage has done of its present task.",
      ofStages(({ done }) => done),
    ),
    family(
      "jacoflow_stage_goal",
      "gauge",
      "Units of work of a stage's present task.",
      ofStages(({ total }) => total),
    ),
    family(
      "jacoflow_stage_units_per_second",
      "gauge",
      "Units a second over the last five.",
      ofStages(({ rate }) => rate),
    ),
    family(
      "jacoflow_sweep_seconds",
      "summary",
      "Time of a sweep over a Jacobian: its products with a block of vectors and back.",
      sweeps.flatMap(([stage, { count, seconds }]): readonly (readonly [string, Labels, number])[] => [
        ["_sum", { run, stage }, seconds],
        ["_count", { run, stage }, count],
      ]),
    ),
  ];
}

function edgeLabels(run: string, { from, to, table, policy }: EdgeNow): Labels {
  return { run, from: `${from.stage}.${from.port}`, to: `${to.stage}.${to.port}`, table, policy };
}

type AnySample = Sample | readonly [suffix: string, labels: Labels, value: number];

/** The lines of one metric; nothing for one without samples. */
function family(name: string, type: string, help: string, samples: readonly AnySample[]): string {
  if (samples.length === 0) return "";
  const lines = samples.map((sample) => {
    const [suffix, labels, value] = sample.length === 3 ? sample : (["", ...sample] as const);
    const pairs = Object.entries(labels).map(([label, text]) => `${label}="${escaped(text)}"`);
    return `${name}${suffix}{${pairs.join(",")}} ${numberText(value)}\n`;
  });
  return `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n${lines.join("")}`;
}

const escaped = (text: string) =>
  text.replaceAll("\\", "\\\\").replaceAll('"', '\\"').replaceAll("\n", "\\n");

function numberText(value: number): string {
  if (Number.isNaN(value)) return "NaN";
  if (!Number.isFinite(value)) return value > 0 ? "+Inf" : "-Inf";
  return String(value);
}
