import { defineStage, output, type WholeInput, whole } from "../../pipeline/stage.js";
import { type Split, splits } from "../../schemas/columns.js";
import { dataErrors } from "../../schemas/errors/data.js";
import { trainErrors } from "../../schemas/errors/train.js";
import { throwAll } from "../check.js";
import { checkClasses, type ExampleSet, type Examples, readExamples } from "../examples.js";
import { nameOf } from "../origin.js";
import { readSnapshot, type Snapshot, snapshotWriter } from "../snapshot.js";
import { epochBatches } from "./batches.js";
import { learningRateAfter, momentsOf } from "./calendar.js";
import { brokenLoss, type DivergedAt, Divergence } from "./divergence.js";
import { durationOf, snapshotMomentsOf } from "./duration.js";
import { evaluate, noOutputs, parameterDistance } from "./evaluation.js";
import { openTrainingJournal, type Standing, standingIn, stateOf } from "./journal.js";
import { type TrainOptions, trainOptionErrors, trainOptions } from "./options.js";
import { planTraining } from "./plan.js";
import { type Finding, metricsBatch, predictionsBatch } from "./report.js";
import { openSession } from "./session.js";

export const gradientDescent = defineStage({
  name: "train/gradient-descent",
  summary: "Trains a network by full-batch, stochastic, momentum or Adam gradient descent",
  options: trainOptions,
  inputs: {
    examples: whole("examples", "the train split is trained on, both are evaluated"),
    parameters: whole("parameters", "snapshots, from the last of which the training starts, at step 0"),
  },
  outputs: {
    snapshots: output("parameters", "the parameters at the moments of the option snapshots"),
    predictions: output("predictions", "outputs of every evaluation, one batch a split"),
    metrics: output(
      "metrics",
      "one batch an evaluation: loss, error and clean_error of every split; parameter_distance (‖w − w₀‖ over trainable parameters) and learning_rate (of the next step) with split train",
    ),
  },
  checkOptions: ({ options, place }) => throwAll(trainOptionErrors(options, `${place}.with`)),
  plan: planTraining,
  run: async (inputs, outputs, context) => {
    const { options, stage, signal } = context;
    const place = `stages.${stage}.with`;
    throwAll(trainOptionErrors(options, place));
    const source = nameOf(inputs.examples);
    const set = readExamples(inputs.examples.table);
    const { train } = set;
    if (train === undefined) throw trainErrors.noTrainingExamples(source);
    const n = train.labels.length;
    const start = lastSnapshot(inputs.parameters);
    const { layout, batch: snapshotBatch } = snapshotWriter(start.network, options.loss);
    const duration = durationOf(options, n, place);
    const { stepsPerEpoch, epochs } = duration;
    const total = epochs * stepsPerEpoch;
    const evaluated = evaluatedSplits(set, options, source, place);
    const snapshotMoments = snapshotMomentsOf(options, duration, place);
    const { every = 1, unit = "epochs" } = options.evaluate;
    const evaluationMoments = momentsOf({ every, unit }, duration);
    const divergence = new Divergence(context);
    const rateAfter = (step: number) =>
      divergence.factor * learningRateAfter(step, options.learningRate, options.schedule, stepsPerEpoch);
    const journal = await openTrainingJournal(start, set, context);
    const session = await openSession(await context.engine(), start, train, options);

    const evaluateAll = async (parameters: Float32Array): Promise<readonly Finding[]> => {
      // An engine takes no parameters that are not finite; what such a network says is not a number.
      const finite = parameters.every(Number.isFinite);
      if (finite) await session.evaluator.load(parameters);
      const findings: Finding[] = [];
      for (const examples of evaluated) {
        const found = finite
          ? await session.evaluator.forward(examples.features, { signal })
          : noOutputs(examples.features.rows, session.evaluator.outputs);
        findings.push({ examples, outputs: found, evaluation: evaluate(options.loss, found, examples) });
      }
      return findings;
    };

    const sendMetrics = async (
      step: number,
      parameters: Float32Array,
      findings: readonly Finding[],
      rate: number,
    ) => {
      const occasion = { stage, step, epoch: step / stepsPerEpoch };
      const distance = parameterDistance(parameters, start.parameters, layout.trainableCount);
      await outputs.metrics.send(metricsBatch(occasion, findings, distance, rate));
    };

    const sendNetwork = async (step: number, parameters: Float32Array, findings: readonly Finding[]) => {
      const epoch = step / stepsPerEpoch;
      if (snapshotMoments.has(step)) await outputs.snapshots.send(snapshotBatch(step, epoch, parameters));
      for (const finding of findings) {
        await outputs.predictions.send(predictionsBatch({ stage, step, epoch }, finding, options.loss));
      }
    };

    /** Sends what shows that a loss is not finite, and then goes back or ends; what was due is of the network gone back to. */
    const leave = async (at: DivergedAt, parameters: Float32Array, findings: readonly Finding[]) => {
      const shown = findings.length > 0 ? findings : await evaluateAll(parameters);
      const back = divergence.canGoBack;
      await sendMetrics(at.step, parameters, shown, rateAfter(at.step) / (back ? 2 : 1));
      if (!back) throw trainErrors.diverged(stage, at.step, at.epoch, at.loss, at.rate);
      wentBack = true;
      await divergence.goBack(session.training, at);
      const now = await session.training.parameters();
      await sendNetwork(at.step, now, evaluationMoments.has(at.step) ? await evaluateAll(now) : []);
    };

    /** Sends what is due when `step` steps are done; `loss` is that of the last one. */
    const attend = async ({ step, loss }: Standing) => {
      const isEvaluation = evaluationMoments.has(step);
      if (!isEvaluation && !snapshotMoments.has(step) && Number.isFinite(loss)) return;
      const parameters = step === 0 ? start.parameters : await session.training.parameters();
      const findings = isEvaluation ? await evaluateAll(parameters) : [];
      const broken = Number.isFinite(loss) ? brokenLoss(findings, parameters) : loss;
      if (broken !== undefined) {
        const rate = rateAfter(Math.max(0, step - 1));
        const at = { step, epoch: step / stepsPerEpoch, loss: broken, rate };
        if (options.onDivergence !== "continue") return leave(at, parameters, findings);
        divergence.tell(at);
      }
      if (isEvaluation) await sendMetrics(step, parameters, findings, rateAfter(step));
      await sendNetwork(step, parameters, findings);
      if (broken === undefined) await divergence.remember(step, findings, session.training);
    };

    const sent = () => Object.values(outputs).reduce((sum, output) => sum + output.sent, 0);
    let standing: Standing = { step: 0, attended: false, loss: 0 };
    let sentThen = 0;
    /** Whether the training is no longer where `standing` says. */
    let wentBack = false;
    const stand = (now: Standing) => {
      standing = now;
      wentBack = false;
      sentThen = sent();
    };
    const keep = () => journal.keep(() => stateOf(session.training, divergence, standing), sentThen);

    try {
      checkClasses(set, session.evaluator.outputs, `stages.${stage}`);
      stand(await standingIn(journal.restored, session.training, divergence));
      if (journal.restored !== undefined) {
        context.log("info", `goes on after step ${standing.step}, which a checkpoint holds`);
      }
      if (!standing.attended) await attend(standing);
      stand({ ...standing, attended: true });
      for (let epoch = Math.floor(standing.step / stepsPerEpoch); epoch < epochs; epoch += 1) {
        const batches = epochBatches(n, options.batchSize, context.seed("order"), epoch);
        for (const batch of batches.slice(standing.step % stepsPerEpoch)) {
          signal.throwIfAborted();
          const done = standing.step;
          const loss = await session.training.step(batch, rateAfter(done), options.normalisation, { signal });
          stand({ step: done + 1, attended: false, loss });
          await attend(standing);
          stand({ ...standing, attended: true });
          await keep();
          context.progress(done + 1, total, "steps");
        }
      }
    } catch (error) {
      // Where the run was stopped, not where something is wrong with the training. What was due is sent anew, in full.
      if (signal.aborted && !wentBack) await keep();
      throw error;
    } finally {
      await session.close();
    }
  },
});

function lastSnapshot(input: WholeInput): Snapshot {
  const name = nameOf(input);
  const last = input.table.batches.at(-1);
  if (last === undefined || last.numRows === 0) throw dataErrors.noSnapshot(name);
  return readSnapshot(last, name);
}

function evaluatedSplits(
  set: ExampleSet,
  { evaluate }: TrainOptions,
  source: string,
  place: string,
): readonly Examples[] {
  const asked: readonly Split[] = evaluate.split === undefined ? [] : [evaluate.split].flat();
  const missing = asked.find((split) => set[split] === undefined);
  if (missing !== undefined) throw trainErrors.noSplit(source, missing, `${place}.evaluate.split`);
  return splits.flatMap((split) => {
    const examples = set[split];
    return examples !== undefined && (asked.length === 0 || asked.includes(split)) ? [examples] : [];
  });
}
