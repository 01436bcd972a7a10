import { plain } from "../../pipeline/cli/paint.js";
import type { Terminal } from "../../pipeline/cli/terminal.js";

/** A terminal that keeps what was written to it. */
export function recordedTerminal(interactive = false, width = 80) {
  const written = { out: "", talk: "" };
  const terminal: Terminal = {
    out: (text) => {
      written.out += text;
    },
    talk: (text) => {
      written.talk += text;
    },
    interactive,
    paint: plain,
    columns: () => width,
  };
  return { terminal, written };
}
