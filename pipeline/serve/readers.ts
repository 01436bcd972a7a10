import type { ServerResponse } from "node:http";
import { writeNumbers } from "./numbers.js";
import type { RunChange, RunHead } from "./protocol.js";
import { type Place, placeText } from "./rows.js";
import type { WatchedRun } from "./watchedRun.js";

const tellEvery = 250;
const breathEvery = 15_000;
/** Milliseconds a reader may take for one event: one that is asleep holds a place that others want, and comes back. */
const usualPatience = 120_000;

/**
 * Tells one reader of a run, as server-sent events, until it goes away or the run is over and told. It is told what is
 * new when it has taken what it was told before, and then everything at once, so that a slow reader skips states instead of
 * piling them up: what waits for it is at most one event. Each event's id is the place in the run, from which a reader that
 * comes back goes on.
 */
export async function tellReader(
  run: WatchedRun,
  from: Place | undefined,
  response: ServerResponse,
  closing: AbortSignal,
  patience = usualPatience,
): Promise<void> {
  const gone = new AbortController();
  const write = (text: string) => written(response, text, stop, patience);
  response.once("close", () => gone.abort());
  const stop = AbortSignal.any([gone.signal, closing]);
  let place = from;
  let told: { readonly head?: RunHead; readonly now: string } = { now: "" };
  let lastTold = performance.now();
  response.write("retry: 1000\n\n");
  while (!stop.aborted) {
    await run.refresh();
    const { head } = run;
    const fresh = run.rows.since(place);
    const [stages, edges] = [run.stages, run.edges];
    const now = JSON.stringify([stages, edges]);
    const headIsNew = fresh.reset || JSON.stringify(head) !== JSON.stringify(told.head);
    const moved = place === undefined || placeText(fresh.place) !== placeText(place);
    if (headIsNew || moved || now !== told.now) {
      place = fresh.place;
      told = { head, now };
      lastTold = performance.now();
      const { tables, log, reset, more } = fresh;
      const change: RunChange = { reset, ...(headIsNew ? { head } : {}), stages, edges, tables, log, more };
      await write(`id: ${placeText(place)}\nevent: change\ndata: ${writeNumbers(change)}\n\n`);
      if (more) continue;
    } else if (head.state !== "running") {
      await write("event: end\ndata: {}\n\n");
      break;
    } else if (performance.now() - lastTold > breathEvery) {
      lastTold = performance.now();
      await write(": still here\n\n");
    }
    await pause(tellEvery, stop);
  }
  response.end();
}

/** Resolves when the reader has room for more, or is gone; it is sent away when it has none for so many milliseconds. */
async function written(
  response: ServerResponse,
  text: string,
  stop: AbortSignal,
  patience: number,
): Promise<void> {
  if (response.write(text)) return;
  await until(stop, (done) => {
    response.once("drain", done);
    const timer = setTimeout(() => response.destroy(), patience);
    return () => {
      clearTimeout(timer);
      response.off("drain", done);
    };
  });
}

function pause(milliseconds: number, stop: AbortSignal): Promise<void> {
  return until(stop, (done) => {
    const timer = setTimeout(done, milliseconds);
    return () => clearTimeout(timer);
  });
}

/** Resolves when what `begin` starts is done, or at `stop`; what it returns is called in either case. */
function until(stop: AbortSignal, begin: (done: () => void) => () => void): Promise<void> {
  return new Promise((resolve) => {
    if (stop.aborted) return resolve();
    const done = () => {
      stop.removeEventListener("abort", done);
      end();
      resolve();
    };
    const end = begin(done);
    stop.addEventListener("abort", done);
  });
}
