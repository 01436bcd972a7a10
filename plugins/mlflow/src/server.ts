import { mlflowErrors } from "./errors.js";
import { exchange } from "./exchange.js";

/** One number of a run, as MLflow keeps it. */
export interface Metric {
  readonly key: string;
  /** NaN and ±Infinity too. */
  readonly value: number;
  readonly step: number;
  /** Milliseconds since 1970. */
  readonly timestamp: number;
}

export type RunStatus = "FINISHED" | "FAILED" | "KILLED";

/** An MLflow tracking server, by its REST interface 2.0. Every call: MLFLOW_REFUSED, or MLFLOW_AWAY where a later one may succeed. */
export interface Server {
  /** The id of an experiment, which is made when there is none of this name. */
  experiment(name: string): Promise<string>;
  createRun(
    experiment: string,
    name: string,
    start: number,
    tags: Readonly<Record<string, string>>,
  ): Promise<string>;
  /** A run of the experiment with the tag `jacoflow.run` of these; undefined where there is none. */
  findRun(experiment: string, tags: Readonly<Record<string, string>>): Promise<string | undefined>;
  logParameters(run: string, parameters: Readonly<Record<string, string>>): Promise<void>;
  /** Numbers that it takes in one request: fewer once one came to nothing after a long while. */
  readonly metricsTogether: number;
  /** At most `metricsTogether`. */
  logMetrics(run: string, metrics: readonly Metric[]): Promise<void>;
  endRun(run: string, status: RunStatus, end: number): Promise<void>;
}

/** The cause of MLFLOW_AWAY where the server answered that it cannot answer now. */
export class UnableError extends Error {
  /** Seconds that it asks to be left alone for. */
  readonly retryAfter: number;

  constructor(status: number, retryAfter: number) {
    super(`it answered ${status}`);
    this.retryAfter = retryAfter;
  }
}

/** The tag by which a run is found again. */
export const runTag = "jacoflow.run";

/** What the server takes in one request, and the fewest that a slow one is sent. */
const metricsTogether = 1000;
const fewestTogether = 100;
const parametersTogether = 100;

/**
 * Milliseconds that one request may take, as for MLflow's own clients, and those after which one that came to nothing was
 * too large: a server, or a proxy before it, may give up sooner.
 */
const patience = { longest: 120_000, long: 20_000 };

/**
 * `spool` is only named in errors. Who asks comes from the environment, as for MLflow's own clients: MLFLOW_TRACKING_TOKEN,
 * or MLFLOW_TRACKING_USERNAME with MLFLOW_TRACKING_PASSWORD.
 */
export function openServer(
  url: string,
  spool: string,
  environment: Readonly<Record<string, string | undefined>>,
  signal: AbortSignal,
  { longest, long } = patience,
): Server {
  let together = metricsTogether;
  const base = url.replace(/\/+$/, "");
  const authorization = authorizationOf(environment);
  const secrets = [authorization?.split(" ")[1], environment.MLFLOW_TRACKING_PASSWORD];
  /** An answer as it may be logged: a server may say back what it was asked with. */
  const withoutSecrets = (text: string) =>
    secrets.reduce<string>((left, secret) => (secret ? left.replaceAll(secret, "…") : left), text);

  async function ask(
    method: "GET" | "POST",
    path: string,
    body: unknown,
    missing = false,
  ): Promise<Answer | undefined> {
    const address = `${base}/api/2.0/mlflow/${path}`;
    const json = method === "POST" ? { "content-type": "application/json" } : {};
    const { status, text, retryAfter } = await exchange(address, {
      ...{ method, signal, milliseconds: longest },
      headers: { ...json, ...(authorization === undefined ? {} : { authorization }) },
      ...(method === "POST" ? { body: JSON.stringify(body) } : {}),
    }).catch((error: unknown) => {
      signal.throwIfAborted();
      throw mlflowErrors.away(address, error);
    });
    if (status >= 500 || status === 429 || status === 408) {
      throw mlflowErrors.away(address, new UnableError(status, retryAfter));
    }
    if (missing && status === 404) return undefined;
    if (status < 200 || status >= 300)
      throw mlflowErrors.refused(address, status, withoutSecrets(text), spool);
    try {
      return JSON.parse(text) as Answer;
    } catch {
      throw mlflowErrors.refused(address, status, `what is no JSON: ${withoutSecrets(text)}`, spool);
    }
  }

  async function experimentNamed(name: string): Promise<string | undefined> {
    const path = `experiments/get-by-name?experiment_name=${encodeURIComponent(name)}`;
    return (await ask("GET", path, undefined, true))?.experiment?.experiment_id;
  }

  return {
    async experiment(name) {
      const found = await experimentNamed(name);
      if (found !== undefined) return found;
      try {
        return wanted((await ask("POST", "experiments/create", { name }))?.experiment_id);
      } catch (error) {
        // Another run may have made it meanwhile.
        const now = await experimentNamed(name);
        if (now === undefined) throw error;
        return now;
      }
    },
    async createRun(experiment, name, start, tags) {
      const answer = await ask("POST", "runs/create", {
        ...{ experiment_id: experiment, run_name: name, start_time: start },
        tags: pairs(tags),
      });
      return wanted(answer?.run?.info?.run_id);
    },
    async findRun(experiment, tags) {
      const filter = `tags.\`${runTag}\` = '${tags[runTag]}'`;
      const body = { experiment_ids: [experiment], filter, max_results: 1 };
      return (await ask("POST", "runs/search", body))?.runs?.[0]?.info?.run_id;
    },
    async logParameters(run, parameters) {
      const all = pairs(parameters);
      for (let at = 0; at < all.length; at += parametersTogether) {
        const params = all.slice(at, at + parametersTogether);
        await ask("POST", "runs/log-batch", { run_id: run, params });
      }
    },
    async logMetrics(run, metrics) {
      const numbers = metrics.map((metric) => ({ ...metric, value: numberText(metric.value) }));
      const start = performance.now();
      try {
        await ask("POST", "runs/log-batch", { run_id: run, metrics: numbers });
      } catch (error) {
        if (performance.now() - start > long) together = Math.max(fewestTogether, together >> 1);
        throw error;
      }
    },
    get metricsTogether() {
      return together;
    },
    async endRun(run, status, end) {
      await ask("POST", "runs/update", { run_id: run, status, end_time: end });
    },
  };

  function wanted(id: string | undefined): string {
    if (id === undefined) throw mlflowErrors.refused(base, 200, "an answer without an id", spool);
    return id;
  }
}

/** What the answers used here hold. */
interface Answer {
  readonly experiment_id?: string;
  readonly experiment?: { readonly experiment_id?: string };
  readonly run?: { readonly info?: { readonly run_id?: string } };
  readonly runs?: readonly { readonly info?: { readonly run_id?: string } }[];
}

function pairs(
  values: Readonly<Record<string, string>>,
): readonly { readonly key: string; readonly value: string }[] {
  return Object.entries(values).map(([key, value]) => ({ key, value }));
}

/** Numbers that JSON has no form for, as protocol buffers write them in it. */
export function numberText(value: number): number | string {
  return Number.isFinite(value) ? value : String(value);
}

function authorizationOf(environment: Readonly<Record<string, string | undefined>>): string | undefined {
  const { MLFLOW_TRACKING_TOKEN: token, MLFLOW_TRACKING_USERNAME: user } = environment;
  if (token !== undefined && token !== "") {
    // It becomes a line of the request: nothing may end that line.
    if (!/^[\x21-\x7e]+$/.test(token)) throw mlflowErrors.token();
    return `Bearer ${token}`;
  }
  if (user === undefined || user === "") return undefined;
  return `Basic ${Buffer.from(`${user}:${environment.MLFLOW_TRACKING_PASSWORD ?? ""}`).toString("base64")}`;
}
