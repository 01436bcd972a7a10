#!/usr/bin/env node
import { runCommandLine } from "./commandLine.js";
import { errorText, exitCodeOf } from "./errorText.js";
import { processTerminal } from "./terminal.js";
import { ownVersion } from "./versions.js";

const terminal = processTerminal();

// `jacoflow stages | head` closes our stdout early: nobody reads on, so there is nothing left to do. A sink that writes to
// stdout listens too: it ends the run, so that what other sinks hold is kept.
process.stdout.on("error", (error: NodeJS.ErrnoException) => {
  if (process.stdout.listenerCount("error") > 1) return;
  if (error.code !== "EPIPE") throw error;
  process.exit(process.exitCode ?? 0);
});

// Nobody hears what we say: no reason to end before the run is kept.
process.stderr.on("error", (error: NodeJS.ErrnoException) => {
  if (error.code !== "EPIPE") throw error;
});

try {
  process.exitCode = await runCommandLine(process.argv.slice(2), terminal, ownVersion());
} catch (error) {
  terminal.talk(errorText(error, terminal.paint));
  process.exitCode = exitCodeOf(error);
  // What a plugin left waiting, given up or not, must not keep the process.
  setTimeout(() => process.exit(), 1000).unref();
}
