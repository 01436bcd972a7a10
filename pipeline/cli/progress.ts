import type { RunEvent, RunObserver } from "../run/progress.js";
import { durationText } from "./duration.js";
import type { Terminal } from "./terminal.js";

/** `quiet` says errors only; `normal` adds warnings and progress; `verbose` the log; `debug` all of it. */
export type Verbosity = "quiet" | "normal" | "verbose" | "debug";

/** How far one stage is; times in milliseconds of the clock given to the progress. */
interface Measured {
  readonly since: number;
  readonly from: number;
  readonly done: number;
  readonly total: number;
  readonly unit: string;
  readonly phase: string | undefined;
}

export interface ProgressDisplay {
  readonly observe: RunObserver;
  /** Takes the line away, for good. */
  close(): void;
}

const drawEvery = 100;
const sayEvery = 10_000;

/**
 * Shows a run as it goes: on a terminal one line that is drawn over, with a bar, rate and time left of every stage that
 * says how far it is; elsewhere plain lines, at most one a stage in ten seconds.
 */
export function progressDisplay(
  terminal: Terminal,
  verbosity: Verbosity,
  now: () => number = () => performance.now(),
): ProgressDisplay {
  const stages = new Map<string, Measured>();
  const lastSaid = new Map<string, number>();
  let drawnAt = Number.NEGATIVE_INFINITY;
  let drawn = false;

  const erase = () => {
    if (drawn) terminal.talk("\r\u001b[K");
    drawn = false;
  };
  const say = (line: string) => {
    erase();
    terminal.talk(`${line}\n`);
  };
  const draw = () => {
    if (!terminal.interactive) return;
    if (stages.size === 0) return erase();
    if (now() - drawnAt < drawEvery) return;
    drawnAt = now();
    const width = terminal.columns() - 1;
    const shares = [...stages].map(([stage, measured]) => barText(stage, measured, now()));
    terminal.talk(`\r\u001b[K${shares.join("  ").slice(0, width)}`);
    drawn = true;
  };
  const measure = (event: RunEvent & { readonly kind: "stage-progress" }) => {
    const known = stages.get(event.stage);
    // A stage that starts a new total (another Jacobian) is timed anew.
    const first = known === undefined || known.total !== event.total || event.done < known.done;
    stages.set(event.stage, {
      since: first ? now() : known.since,
      from: first ? event.done : known.from,
      done: event.done,
      total: event.total,
      unit: event.unit,
      phase: event.phase,
    });
  };

  const show = (event: RunEvent) => {
    switch (event.kind) {
      case "run-started":
        return say(`running ${event.name} into ${event.runFolder}`);
      case "stage-started":
        return verbosity === "normal" ? undefined : say(`${event.stage} started`);
      case "stage-progress": {
        measure(event);
        if (terminal.interactive) return draw();
        // A stage that is done within ten seconds says only that.
        const last = lastSaid.get(event.stage);
        if (last === undefined) lastSaid.set(event.stage, now());
        if (last === undefined || now() - last < sayEvery) return;
        lastSaid.set(event.stage, now());
        return say(plainText(event.stage, stages.get(event.stage) as Measured, now()));
      }
      case "stage-ended": {
        stages.delete(event.stage);
        if (event.outcome === "done") say(`${event.stage} done at ${durationText(event.seconds)}`);
        else if (verbosity !== "normal")
          say(`${event.stage} ${event.outcome} at ${durationText(event.seconds)}`);
        return draw();
      }
      case "log": {
        const { level, stage, message } = event.entry;
        const wanted =
          level === "warning" ||
          level === "error" ||
          (level === "info" && verbosity !== "normal") ||
          verbosity === "debug";
        if (wanted) {
          say(
            `${level === "info" || level === "debug" ? "" : `${level}: `}${stage === undefined ? "" : `${stage}: `}${message}`,
          );
        }
        return;
      }
      case "run-ended":
        return erase();
    }
  };
  return { observe: verbosity === "quiet" ? () => {} : show, close: erase };
}

/** Units a second since the stage began to count, and seconds left; undefined before the first unit. */
function pace(measured: Measured, at: number): { readonly rate: number; readonly left: number } | undefined {
  const seconds = (at - measured.since) / 1000;
  const done = measured.done - measured.from;
  if (done <= 0 || seconds <= 0) return undefined;
  const rate = done / seconds;
  return { rate, left: (measured.total - measured.done) / rate };
}

const rateText = (rate: number) => (rate >= 100 ? rate.toFixed(0) : rate.toPrecision(2));

function barText(stage: string, measured: Measured, at: number): string {
  const cells = 16;
  const share = measured.total > 0 ? Math.min(1, measured.done / measured.total) : 1;
  const full = Math.round(share * cells);
  const bar = `${"█".repeat(full)}${"░".repeat(cells - full)}`;
  const known = pace(measured, at);
  const rest =
    known === undefined
      ? ""
      : ` ${rateText(known.rate)} ${measured.unit}/s, ${durationText(known.left)} left`;
  const phase = measured.phase === undefined ? "" : `, ${measured.phase},`;
  return `${stage} ${bar} ${Math.floor(share * 100)} %${phase}${rest}`;
}

function plainText(stage: string, measured: Measured, at: number): string {
  const known = pace(measured, at);
  const rest =
    known === undefined
      ? ""
      : `, ${rateText(known.rate)} ${measured.unit}/s, ${durationText(known.left)} left`;
  const phase = measured.phase === undefined ? "" : `${measured.phase}, `;
  return `${stage}: ${phase}${measured.done} of ${measured.total} ${measured.unit}${rest}`;
}
