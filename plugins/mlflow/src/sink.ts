import { randomUUID } from "node:crypto";
import { basename, join, resolve } from "node:path";
import { setImmediate } from "node:timers/promises";
import {
  type CurvePoint,
  curvePoints,
  defineStage,
  type InputStream,
  lossless,
  many,
  optional,
  stream,
} from "jacoflow";
import { Type } from "typebox";
import { mlflowErrors } from "./errors.js";
import { nameForServer } from "./names.js";
import { parameterTexts } from "./parameters.js";
import { Sender } from "./sender.js";
import { readSent, writeSent } from "./sent.js";
import { type Metric, openServer, type RunStatus, runTag } from "./server.js";
import { Spool } from "./spool.js";

const options = Type.Object(
  {
    url: Type.String({
      description:
        "the tracking server; who asks comes from MLFLOW_TRACKING_TOKEN, or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD, of the environment",
      examples: ["http://127.0.0.1:5000"],
    }),
    experiment: Type.String({
      minLength: 1,
      default: "jacoflow",
      description: "the experiment that the run belongs to; made when there is none of this name",
    }),
    parameters: Type.Array(Type.String({ minLength: 1 }), {
      default: ["seed"],
      description: "values of the pipeline file to log as parameters, named as --set names them",
      examples: [["seed", "stages.noise.with.fraction"]],
    }),
    patience: Type.Number({
      minimum: 0,
      maximum: 86_400,
      default: 60,
      description:
        "seconds to go on trying after the run has ended; what was not sent by then stays on disk, and the run ends well",
    }),
  },
  { additionalProperties: false },
);

/** Numbers that are written to the spool between two turns of the event loop. */
const pointsPerSlice = 1000;

function checkUrl(url: string, place: string): void {
  const parsed = URL.canParse(url) ? new URL(url) : undefined;
  const web = parsed?.protocol === "http:" || parsed?.protocol === "https:";
  if (
    !web ||
    parsed.username !== "" ||
    parsed.password !== "" ||
    parsed.search !== "" ||
    parsed.hash !== ""
  ) {
    throw mlflowErrors.url(url, place);
  }
}

/** A point as a metric: `STAGE/NAME/SPLIT`, with `jacobian-STEP` behind where a step has a value for each Jacobian. */
function metricOf(
  stage: string,
  { name, split, jacobianStep, step, value }: CurvePoint,
  timestamp: number,
): Metric {
  const jacobian = jacobianStep === undefined ? "" : `/jacobian-${jacobianStep}`;
  const key = nameForServer(`${stage}/${name}/${split}${jacobian}`);
  return { key, value, step: Number(step), timestamp };
}

export const mlflow = defineStage({
  name: "sink/mlflow",
  summary: "Sends the curves of a run to an MLflow tracking server, from a spool on disk",
  options,
  inputs: {
    metrics: optional(lossless(many(stream("metrics", "what was measured")))),
    spectrum: optional(lossless(many(stream("spectrum", "singular values")))),
    projection: optional(lossless(many(stream("projection", "labels and residuals on both spaces")))),
    angles: optional(lossless(many(stream("angles", "angles between spaces")))),
  },
  outputs: {},
  checkOptions: ({ options, place }) => checkUrl(options.url, `${place}.with.url`),
  plan: () => ({
    notes: ["numbers wait for the server on disk, in mlflow/STAGE/ of the run folder"],
  }),
  run: async (inputs, _outputs, context) => {
    const { stage, run, signal } = context;
    const { url, experiment, parameters, patience } = context.options;
    checkUrl(url, `stages.${stage}.with.url`);
    const folder = join(context.runFolder, "mlflow", stage);
    const sentFile = join(context.checkpointFolder, "sent.json");
    const sent = await readSent(sentFile);
    // The server had everything before the run was cut off at its very end.
    if (sent?.isAll === true) return drain(inputs);
    const spool = await Spool.openOrCreate(
      folder,
      {
        ...{ url, experiment, name: runName(run.name, context.runFolder), start: Date.now(), sentBytes: 0 },
        tags: { "mlflow.source.name": "jacoflow", "mlflow.source.type": "LOCAL", [runTag]: randomUUID() },
        parameters: parameterTexts(run, parameters, `stages.${stage}.with.parameters`),
        ...(sent === undefined ? {} : { run: sent.run, described: true, before: sent.counts }),
      },
      (message) => context.log("warning", message),
    );
    const closing = new AbortController();
    const until = AbortSignal.any([signal, closing.signal]);
    const events = {
      away: (error: Error, seconds: number) =>
        context.log("warning", `${error.message}; tried again in ${seconds} s`),
      back: () => context.log("info", `${url} answers again`),
      refused: (error: Error) => context.log("error", error.message),
    };
    // It goes on: how it ended before does not count, nor where its server was then.
    await spool.remember({ url, end: undefined, ended: false });
    const sender = new Sender(openServer(url, folder, process.env, until), spool, events, until);

    const earlier = spool.counts;
    const forward = (input: InputStream) => {
      const origin = `${input.origin.stage}.${input.origin.port}`;
      // Numbers that came before the run was cut off, and come again.
      let known = earlier[origin] ?? 0;
      return input.forEach(async (batch) => {
        const now = Date.now();
        const points = curvePoints(batch);
        const fresh = points.slice(known);
        known -= points.length - fresh.length;
        for (let at = 0; at < fresh.length; at += pointsPerSlice) {
          if (at > 0) await setImmediate();
          const slice = fresh.slice(at, at + pointsPerSlice);
          await spool.append(
            origin,
            slice.map((point) => metricOf(input.origin.stage, point, now)),
          );
        }
      });
    };
    try {
      sender.wake();
      await Promise.all(Object.values(inputs).flatMap((port) => (port ?? []).map(forward)));
      await spool.settled();
      const status = statusOf(run.stopping);
      await spool.remember({ end: { status, time: Date.now() } });
      const timer = setTimeout(() => closing.abort(), patience * 1000);
      await sender.settled();
      clearTimeout(timer);
      const { run: id, ended } = spool.state;
      if (spool.waitingBytes === 0 && ended === true && id !== undefined) {
        await writeSent(sentFile, { isAll: status === "FINISHED", run: id, counts: spool.counts });
      }
    } finally {
      closing.abort();
      await (spool.waitingBytes === 0 && spool.state.ended === true ? spool.remove() : spool.close());
    }
    if (spool.state.ended !== true) {
      context.log("warning", `not all was sent to ${url}; it is kept: npx jacoflow-mlflow ${folder}`);
    }
  },
});

/** What tells runs of one pipeline apart, those of a matrix too, is the name of their folder. */
function runName(pipeline: string, runFolder: string): string {
  const folder = basename(resolve(runFolder));
  return folder.startsWith(pipeline) ? folder : `${pipeline}/${folder}`;
}

/** How a run that ends ends: an error of another stage stops it as FAILED, a signal as KILLED. */
function statusOf(stopping: AbortSignal): RunStatus {
  if (!stopping.aborted) return "FINISHED";
  return stopping.reason instanceof Error && stopping.reason.cause !== undefined ? "FAILED" : "KILLED";
}

/** Reads what nobody has to send any more. */
async function drain(inputs: Readonly<Record<string, readonly InputStream[] | undefined>>): Promise<void> {
  const ignore = () => undefined;
  await Promise.all(
    Object.values(inputs).flatMap((port) => (port ?? []).map((input) => input.forEach(ignore))),
  );
}
