import { askThread } from "../../../engine/threads.js";
import { sinkErrors } from "../../../schemas/errors/sinks.js";
import type { RunFacts, RunTables } from "./tables.js";

export interface RenderRequest {
  readonly tables: RunTables;
  readonly run: RunFacts;
}

/**
 * `renderReport` in a thread of its own: loading the charts and drawing them takes longer than the event loop may be held
 * up. REPORT_THREAD_ENDED when the thread dies (out of memory).
 */
export function renderInThread(tables: RunTables, run: RunFacts): Promise<string> {
  const asked: RenderRequest = { tables, run };
  return askThread({
    base: import.meta.url,
    name: "renderThread",
    asked,
    died: sinkErrors.reportThreadEnded,
  });
}
