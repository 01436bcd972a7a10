#!/usr/bin/env node
import { JacoflowError } from "jacoflow";
import { mlflowErrors } from "./errors.js";
import { sendWaiting } from "./sender.js";
import { openServer } from "./server.js";
import { Spool } from "./spool.js";

/** `jacoflow-mlflow FOLDER …`: sends what runs could not, and removes it. */
async function send(folders: readonly string[]): Promise<void> {
  if (folders.length === 0) throw mlflowErrors.spool("", "no folder was named");
  for (const folder of folders) {
    const spool = await Spool.open(folder);
    const { url } = spool.state;
    try {
      await sendWaiting(openServer(url, folder, process.env, new AbortController().signal), spool);
    } catch (error) {
      await spool.close();
      throw error;
    }
    await spool.remove();
    process.stdout.write(`${folder}: sent to ${url}\n`);
  }
}

try {
  await send(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof JacoflowError)) throw error;
  process.stderr.write(`error ${error.code}: ${error.message}\n  ${error.remedy}\n`);
  process.exitCode = error.exitCode;
}
