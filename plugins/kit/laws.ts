import type { LawName } from "./lawName.js";
import { cancellable, emptyInput, errorsSurface } from "./laws/ending.js";
import { bounded, readsTogether } from "./laws/flow.js";
import type { Law } from "./laws/law.js";
import { batchesKept } from "./laws/memory.js";
import { optionsDocumented } from "./laws/options.js";
import { deterministic, portsHonoured } from "./laws/ports.js";
import { noRowsLost } from "./laws/rows.js";

/** Every law of the kit by name, in the order in which they are tried. */
export const laws = {
  "options documented": optionsDocumented,
  "ports honoured": portsHonoured,
  "batches never changed": batchesKept,
  "deterministic under a seed": deterministic,
  "bounded under a slow reader": bounded,
  cancellable,
  "errors surface": errorsSurface,
  "no rows lost": noRowsLost,
  "inputs may be empty": emptyInput,
  "inputs read together": readsTogether,
} as const satisfies { readonly [Name in LawName]?: Law };
