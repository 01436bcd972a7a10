import type { RandomSource } from "../../engine/random.js";
import { FileMistake } from "../../pipeline/file/mistake.js";
import { JacoflowError } from "../../schemas/errors/error.js";
import type { Sample } from "./sample.js";

/** Something of the house that reads what others wrote. */
export interface Reader {
  readonly name: string;
  /** Inputs that are read without an error; `folder` is for what has to be made as files. */
  corpus(folder: string): Promise<readonly Sample[]>;
  /** The sample with a few of its bytes, numbers, words or values changed. */
  mutate(sample: Sample, random: RandomSource, corpus: readonly Sample[]): Sample;
  /**
   * Reads the files in `folder`. Throws what the reader throws; resolves to what is wrong with what it accepted, such as
   * a value that is not finite, or to nothing; to a `code` where the reader refuses without throwing.
   */
  read(folder: string, sample: Sample): Promise<string | { readonly code: string } | undefined>;
}

/** How one try ended. A finding is a bug of ours: what is wrong, in words. */
export type Ending = { readonly accepted: true } | { readonly code: string } | { readonly finding: string };

/** Reads a sample and judges what came of it. */
export async function tryReading(reader: Reader, folder: string, sample: Sample): Promise<Ending> {
  try {
    const said = await reader.read(folder, sample);
    if (typeof said === "object") return said;
    return said === undefined ? { accepted: true } : { finding: `wrong silence: ${said}` };
  } catch (error) {
    const errors: readonly unknown[] = error instanceof AggregateError ? error.errors : [error];
    for (const each of errors) {
      const fault = faultOf(each, Object.keys(sample));
      if (fault !== undefined) return { finding: fault };
    }
    return { code: errors.length === 0 ? "" : (errors[0] as JacoflowError).code };
  }
}

/** Control characters of a file must not reach a terminal. */
const isControl = (character: string) => character < " " && character !== "\n" && character !== "\t";

/** What is wrong with a refusal: it is not ours, or does not name the file (or the option), the place and the value. */
export function faultOf(error: unknown, files: readonly string[]): string | undefined {
  if (!(error instanceof JacoflowError)) {
    return `not ours: ${error instanceof Error ? (error.stack ?? error.message).split("\n").slice(0, 4).join(" | ") : String(error)}`;
  }
  // Its frame shows the value where it stands.
  if (error instanceof FileMistake && error.location !== undefined) return faultOfText(error);
  const { code, place, value, remedy, message } = error;
  const told = `${code}: ${message.slice(0, 300)}`;
  if (place === undefined || place === "") return `no place: ${told}`;
  const names = (text: string) => text.startsWith("stages.") || files.some((file) => text.includes(file));
  if (!names(message) && !names(place)) return `no file: ${told} (${place})`;
  if (value === undefined) return `no value: ${told}`;
  if (remedy === undefined || remedy === "") return `no remedy: ${told}`;
  return faultOfText(error);
}

function faultOfText({ code, message }: JacoflowError): string | undefined {
  const told = `${code}: ${message.slice(0, 300)}`;
  if (!/^[A-Z][A-Z0-9_]+$/.test(code)) return `no code: ${told}`;
  if (message.length > 4000) return `a message of ${message.length} characters: ${told}`;
  if ([...message].some(isControl)) return `control characters in ${JSON.stringify(told)}`;
  return undefined;
}
