import { totalmem } from "node:os";
import { commandLineErrors } from "../../schemas/errors/commandLine.js";

const units: Readonly<Record<string, number>> = {
  "": 1,
  b: 1,
  kb: 1e3,
  mb: 1e6,
  gb: 1e9,
  tb: 1e12,
  kib: 2 ** 10,
  mib: 2 ** 20,
  gib: 2 ** 30,
  tib: 2 ** 40,
};

/** Bytes of a size such as `2GB`, `512MiB` or `1000000`; BAD_FLAG_VALUE for anything else. */
export function parseMemorySize(text: string): number {
  const found = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/i.exec(text.trim());
  const unit = found === null ? undefined : units[found[2].toLowerCase()];
  const bytes = found === null || unit === undefined ? 0 : Math.floor(Number(found[1]) * unit);
  if (bytes < 1) {
    throw commandLineErrors.badFlagValue(
      "memory",
      text,
      "a size",
      "Write a number with B, kB, MB, GB, TB, KiB, MiB, GiB or TiB.",
    );
  }
  return bytes;
}

/** Half of what this process may use: of the machine, or of the container when that is less. */
export function defaultMemoryLimit(): number {
  const constrained = process.constrainedMemory();
  return Math.floor((constrained > 0 ? Math.min(totalmem(), constrained) : totalmem()) / 2);
}

/** `1.50 GB`, three digits, decimal units. */
export function memoryText(bytes: number): string {
  if (bytes < 1000) return `${bytes} B`;
  // Rounded first: 999,999 bytes are 1.00 MB and not 1.00e+3 kB.
  const rounded = Number(bytes.toPrecision(3));
  const power = Math.min(4, Math.floor(Math.log10(rounded) / 3));
  const value = rounded / 1000 ** power;
  return `${value.toPrecision(Math.max(3, 1 + Math.floor(Math.log10(value))))} ${["B", "kB", "MB", "GB", "TB"][power]}`;
}
