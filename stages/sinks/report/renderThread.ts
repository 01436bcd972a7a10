import { answerOnce } from "../../../engine/threads.js";
import { renderReport } from "./render.js";
import type { RenderRequest } from "./renderWorker.js";

/** The thread behind `renderInThread`. */
answerOnce(({ tables, run }: RenderRequest) => renderReport(tables, run));
