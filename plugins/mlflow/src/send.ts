#!/usr/bin/env node
import { realpath } from "node:fs/promises";
import { join } from "node:path";
import { JacoflowError, whileAtRest } from "jacoflow";
import { mlflowErrors } from "./errors.js";
import { sendWaiting } from "./sender.js";
import { openServer } from "./server.js";
import { Spool } from "./spool.js";

/**
 * `jacoflow-mlflow FOLDER …`: sends what runs could not. A spool is that of `mlflow/STAGE` of its run folder; while a process
 * is at work on the run it is not touched: RUN_ACTIVE.
 */
async function send(folders: readonly string[]): Promise<void> {
  if (folders.length === 0) throw mlflowErrors.spool("", "no folder was named");
  for (const folder of folders) {
    // Of a link `..` is not the folder that it is in. What is not there is said when the spool is opened.
    const spoolFolder = await realpath(folder).catch(() => folder);
    await whileAtRest(join(spoolFolder, "..", ".."), () => sendSpool(folder));
  }
}

/**
 * A run that finished needs its spool no more, and it is removed; one that may be resumed goes on from it. A run that was
 * killed has said no end: the server is told KILLED.
 */
async function sendSpool(folder: string): Promise<void> {
  const spool = await Spool.open(folder);
  const { url } = spool.state;
  try {
    if (spool.state.end === undefined) await spool.remember({ end: { status: "KILLED", time: Date.now() } });
    await sendWaiting(openServer(url, folder, process.env, new AbortController().signal), spool);
  } catch (error) {
    await spool.close();
    throw error;
  }
  const finished = spool.state.end?.status === "FINISHED";
  await (finished ? spool.remove() : spool.close());
  const kept = finished
    ? ""
    : "; kept, since the run did not finish: it goes on from there when it is resumed";
  process.stdout.write(`${folder}: sent to ${url}${kept}\n`);
}

try {
  await send(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof JacoflowError)) throw error;
  process.stderr.write(`error ${error.code}: ${error.message}\n  ${error.remedy}\n`);
  process.exitCode = error.exitCode;
}
