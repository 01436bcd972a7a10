import { createHash } from "node:crypto";

/**
 * hash(run seed, stage name, purpose) of design §2, SHA-256 in hexadecimal: a stage's numbers depend on nothing else,
 * so another stage more or less in the file changes none of them.
 */
export function stageSeed(runSeed: number, stage: string, purpose: string): string {
  // As JSON, so that ("a", "bc") and ("ab", "c") stay apart.
  return createHash("sha256")
    .update(JSON.stringify([runSeed, stage, purpose]), "utf8")
    .digest("hex");
}
