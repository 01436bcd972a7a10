import { existsSync, mkdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { answerOf } from "../answer.js";
import { atMost } from "../bars.js";
import type { Context } from "../context.js";
import { clock, median, quietMoment } from "../measure.js";

interface Answer {
  readonly seconds: number;
  readonly cpuSeconds: number;
  readonly beforeBytes: number;
  /** The most while the first fifth of the rows went through. */
  readonly earlyBytes: number;
  readonly peakBytes: number;
}

/** What a side took: medians of the times, the most of the memory. */
interface Side extends Answer {
  readonly rows: number;
  /** Seconds of every round. */
  readonly rounds: readonly number[];
}

interface Case {
  readonly sink: string;
  readonly batch: number;
  /** Which of the seconds count: of the wall, or of the processor on a machine that others use too. */
  readonly clock: "wall" | "cpu";
  readonly ours: Side;
  /** Nothing for a sink that nobody writes by hand. */
  readonly hand?: Side;
}

const sinks = [
  "nothing",
  "parquet",
  "parquetjs-lite",
  "arrow file",
  "arrow stream",
  "arrow http",
  "ndjson",
  "console",
  "report",
  "duckdb",
  "tensorboard",
  "mlflow",
] as const;
const batches = [1, 100, 10_000] as const;
const wanted = 1_000_000;
/** A page of a million rows is no page: the report gathers rows as objects, a tenth of them says what that takes. */
const reported = 100_000;
/** Rows of sides by hand of which a million would take more than two minutes: Arrow's file writer slows down with every batch. */
const rowsByHand: Readonly<Record<string, number>> = { "arrow file/1": 20_000 };
/** How much longer than by hand a sink may take in batches of 100 rows and more. */
const atMostByHand = 1.5;

const script = fileURLToPath(new URL("../sinkProcess.ts", import.meta.url));

/**
 * A million rows of `metrics` through each sink in batches of 1, 100 and 10,000 rows, beside what one would write by hand
 * with the same library, each in a process of its own, in turn, several rounds but for batches of 1, which take a minute a
 * side; a hand-written side that is too slow gets fewer rows. Compared is the time of a row. Batches of 1 are made as they are
 * asked for: the time of that is taken off both sides, unless it is most of what the quicker one takes.
 */
export async function sinksPart(context: Context): Promise<void> {
  const kept = new Map(readKept(context).map((one) => [`${one.sink}/${one.batch}`, one]));
  for (const sink of sinks) {
    const rows = sink === "report" ? reported : wanted;
    for (const batch of batches) {
      if (!isWanted(context, sink, batch)) continue;
      const handRows = rowsByHand[`${sink}/${batch}`] ?? rows;
      const ours: Answer[] = [];
      const byHand: Answer[] = [];
      try {
        for (let round = 0; round < (batch === 1 ? 1 : context.rounds); round += 1) {
          await quietMoment(context.patience);
          ours.push(await keep(context, "ours", sink, rows, batch));
          if (sink !== "report") byHand.push(await keep(context, "hand", sink, handRows, batch));
        }
      } catch (error) {
        // The others are measured and kept all the same.
        const figure = `${sink}, batches of ${batch}`;
        context.report({
          figure,
          measured: Number.NaN,
          bar: atMost(atMostByHand),
          unit: "×",
          note: `${error}`,
        });
        continue;
      }
      const hand = sink === "report" ? {} : { hand: sideOf(byHand, handRows) };
      const one = { sink, batch, clock, ours: sideOf(ours, rows), ...hand } as const;
      kept.set(`${sink}/${batch}`, one);
      context.say(`${sink}, batches of ${batch}: ${JSON.stringify(one)}`);
    }
  }
  const cases = sinks.flatMap((sink) => batches.flatMap((batch) => kept.get(`${sink}/${batch}`) ?? []));
  context.keep("sinks", cases);
  for (const one of cases) report(context, one, kept.get(`nothing/${one.batch}`));
}

/** Named by `sink` or `sink/batch`. */
function isWanted({ only }: Context, sink: string, batch: number): boolean {
  return only.length === 0 || only.includes(sink) || only.includes(`${sink}/${batch}`);
}

/** What an earlier call for other sinks left: a bench of all of them takes long. */
function readKept({ resultFile, only }: Context): readonly Case[] {
  if (only.length === 0 || !existsSync(resultFile)) return [];
  const { details } = JSON.parse(readFileSync(resultFile, "utf8")) as { details: { sinks?: Case[] } };
  return details.sinks ?? [];
}

function report(context: Context, one: Case, nothing: Case | undefined): void {
  const { sink, batch, ours, hand } = one;
  const secondsOf = ({ rows, seconds, cpuSeconds }: Side) =>
    (one.clock === "cpu" ? cpuSeconds : seconds) / rows;
  const secondsToMake = one.batch > 1 || nothing?.hand === undefined ? 0 : secondsOf(nothing.hand);
  // What is left of a side that does little besides would be the noise of the measurement.
  const quicker = Math.min(...[ours, hand ?? ours].map(secondsOf));
  const making = secondsToMake < 0.8 * quicker ? secondsToMake : 0;
  const megabytes = (bytes: number) => `${Math.round(bytes / 2 ** 20)} MB`;
  const note = (name: string, answer: Side) =>
    `${name} ${Math.round(1 / secondsOf(answer)).toLocaleString("en")} rows/s of ${answer.rows.toLocaleString("en")}, memory ${megabytes(answer.beforeBytes)}, ${megabytes(answer.earlyBytes)} after a fifth, ${megabytes(answer.peakBytes)} at most`;
  const said = [note("ours", ours), ...(hand === undefined ? [] : [note("by hand", hand)])].join("; ");
  const unit = one.clock === "cpu" ? "processor time" : "time";
  if (hand === undefined || sink === "nothing") {
    const figure = `${sink}, batches of ${batch}: ${unit} a row`;
    context.report({ figure, measured: 1e6 * secondsOf(ours), unit: "µs", note: said });
    return;
  }
  context.report({
    figure: `${sink}, batches of ${batch}: ${unit} against by hand`,
    measured: (secondsOf(ours) - making) / (secondsOf(hand) - making),
    unit: "×",
    note: said,
    ...(batch === 1 ? {} : { bar: atMost(atMostByHand) }),
  });
}

async function keep(
  { folder }: Context,
  side: "ours" | "hand",
  sink: string,
  rows: number,
  batch: number,
): Promise<Answer> {
  const own = join(folder, "sink");
  rmSync(own, { recursive: true, force: true });
  mkdirSync(own);
  return answerOf<Answer>(script, [side, sink, rows, batch, own]);
}

function sideOf(answers: readonly Answer[], rows: number): Side {
  const each = (name: keyof Answer) => answers.map((answer) => answer[name]);
  return {
    rows,
    rounds: each("seconds"),
    seconds: median(each("seconds")),
    cpuSeconds: median(each("cpuSeconds")),
    beforeBytes: Math.max(...each("beforeBytes")),
    earlyBytes: Math.max(...each("earlyBytes")),
    peakBytes: Math.max(...each("peakBytes")),
  };
}
