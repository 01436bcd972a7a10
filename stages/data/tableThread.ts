import { answerOnce } from "../../engine/threads.js";
import { readTableFile } from "./tableFile.js";
import type { TableRequest } from "./tableWorker.js";

/** The thread behind `readTableInThread`. */
answerOnce(({ file, shape }: TableRequest) => readTableFile(file, shape));
