import type { RecordBatch } from "apache-arrow";
import { hideSecrets } from "../../schemas/secrets.js";
import type { TableDefinition } from "../../schemas/table.js";
import type { CuttableTables, ShownTable } from "../../stages/sinks/report/cut.js";
import { rowsOf } from "../../stages/sinks/rows.js";
import type { ResolvedPipeline } from "../graph/resolved.js";
import type { EdgeStatistics } from "../run/outcome.js";
import type { RunEvent, RunObserver } from "../run/progress.js";
import { Pace } from "./pace.js";
import type { EdgeNow, RunHead, StageNow } from "./protocol.js";
import { stillEdge } from "./record.js";
import { RunRows } from "./rows.js";
import { isShown, shownTables } from "./shown.js";
import type { WatchedRun } from "./watchedRun.js";

/** Sums of what happened since the run began, for Prometheus. */
export interface Totals {
  /** Rows sent, by `stage table`. */
  readonly rows: ReadonlyMap<string, number>;
  /** Sweeps of Jacobians and the seconds they took, by stage. */
  readonly sweeps: ReadonlyMap<string, { readonly count: number; readonly seconds: number }>;
}

/** A stage's own part of a `StageNow`. */
interface Known {
  state: StageNow["state"];
  done: number;
  total: number;
  unit: string;
  readonly pace: Pace;
}

/**
 * The run of this process, as it happens. What it is told costs a reference: batches become rows when somebody looks, or
 * when many have gathered.
 */
export class LiveRun implements WatchedRun {
  readonly rows = new RunRows();
  readonly #pipeline: ResolvedPipeline;
  readonly #stages: Map<string, Known>;
  readonly #paces = new Map<string, Pace>();
  readonly #rowsSent = new Map<string, number>();
  readonly #sweeps = new Map<string, { count: number; seconds: number }>();
  #waiting: { readonly table: ShownTable; readonly batch: RecordBatch }[] = [];
  #edges: () => readonly EdgeStatistics[] = () => [];
  #head: RunHead;

  constructor(id: string, pipeline: ResolvedPipeline) {
    this.#pipeline = pipeline;
    this.#stages = new Map(
      pipeline.stages.map(({ name }) => [
        name,
        { state: "waiting", done: 0, total: 0, unit: "", pace: new Pace() },
      ]),
    );
    this.#head = {
      ...{ id, name: pipeline.name, state: "running", seed: pipeline.seed, seconds: null, error: null },
      ...{
        started: new Date().toISOString(),
        engine: pipeline.engine,
        file: pipeline.document,
        classes: null,
        unreadable: [],
      },
      stages: pipeline.stages.map(({ name, uses }) => ({ name, uses })),
    };
  }

  get head(): RunHead {
    return this.#head;
  }

  get totals(): Totals {
    return { rows: this.#rowsSent, sweeps: this.#sweeps };
  }

  get stages(): readonly StageNow[] {
    return [...this.#stages].map(([stage, { state, done, total, unit, pace }]) => ({
      ...{ stage, state, done, total, unit },
      rate: state === "running" ? pace.at(done) : 0,
    }));
  }

  get edges(): readonly EdgeNow[] {
    const known = new Map(this.#edges().map((edge) => [keyOf(edge), edge]));
    return this.#pipeline.wires.map((wire) => {
      const edge = wire.delivery === "stream" ? known.get(keyOf(wire)) : undefined;
      if (edge === undefined) return stillEdge(wire);
      const { depth, maximumDepth, sent, waits, drops } = edge;
      return {
        ...stillEdge(wire),
        depth,
        maximumDepth,
        sent,
        waits,
        drops,
        // Of a run that is over nothing changes any more, and whoever watches is told its end.
        rate: this.#head.state === "running" ? this.#paceOf(keyOf(wire)).at(sent) : 0,
      };
    });
  }

  /** Takes what happens in the run. */
  readonly observe: RunObserver = (event) => this.#take(event);

  /** The run is over, with this error if it failed. */
  end(error: { readonly code: string; readonly message: string } | undefined): void {
    if (error !== undefined)
      this.#head = {
        ...this.#head,
        error: { code: error.code, message: hideSecrets(error.message, this.#pipeline.secrets ?? []) },
      };
  }

  async refresh(): Promise<void> {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const { table, batch } of waiting) {
      const definition = shownTables[table] as unknown as TableDefinition;
      this.rows.append(table, rowsOf(definition, batch) as unknown as CuttableTables[ShownTable]);
    }
  }

  #take(event: RunEvent): void {
    switch (event.kind) {
      case "run-started":
        this.#edges = event.edges;
        return;
      case "stage-started":
        this.#stages.get(event.stage)!.state = "running";
        return;
      case "stage-progress": {
        const { done, total, unit } = event;
        Object.assign(this.#stages.get(event.stage)!, { done, total, unit });
        return;
      }
      case "stage-ended":
        this.#stages.get(event.stage)!.state = event.outcome;
        return;
      case "batch-sent": {
        const { origin, batch } = event;
        const key = `${origin.stage} ${origin.table}`;
        this.#rowsSent.set(key, (this.#rowsSent.get(key) ?? 0) + batch.numRows);
        if (isShown(origin.table)) this.#waiting.push({ table: origin.table, batch });
        if (this.#waiting.length > 512) void this.refresh();
        return;
      }
      case "log": {
        const { time, level, stage = "", message, facts } = event.entry;
        if (message === "sweep" && typeof facts?.seconds === "number") this.#sweep(stage, facts.seconds);
        if (message === "engine started") this.#head = { ...this.#head, engine: String(facts?.engine) };
        if (level !== "debug") this.rows.say({ time, level, stage, message });
        return;
      }
      case "run-ended":
        this.#head = { ...this.#head, state: event.outcome, seconds: event.seconds };
        return;
    }
  }

  #sweep(stage: string, seconds: number): void {
    const known = this.#sweeps.get(stage) ?? { count: 0, seconds: 0 };
    this.#sweeps.set(stage, { count: known.count + 1, seconds: known.seconds + seconds });
  }

  #paceOf(key: string): Pace {
    const known = this.#paces.get(key) ?? new Pace();
    this.#paces.set(key, known);
    return known;
  }
}

const keyOf = ({ from, to }: Pick<EdgeNow, "from" | "to">) =>
  `${from.stage}.${from.port} ${to.stage}.${to.port}`;
