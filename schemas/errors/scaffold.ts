import { JacoflowError } from "./error.js";
import { nearest } from "./nearest.js";

/** Messages of `jacoflow new`, which writes the first files of a pipeline or a plugin. */
export const scaffoldErrors = {
  unknownTemplate: (kind: string, known: readonly string[]): JacoflowError => {
    const close = nearest(kind, known);
    return new JacoflowError({
      code: "UNKNOWN_TEMPLATE",
      kind: "command-line",
      message: `there is no new "${kind}"`,
      value: kind,
      remedy:
        close === undefined
          ? `Use one of ${known.join(", ")}: \`jacoflow new pipeline\`.`
          : `Did you mean "${close}"?`,
    });
  },

  missingName: (kind: string): JacoflowError =>
    new JacoflowError({
      code: "MISSING_NAME",
      kind: "command-line",
      message: `a new ${kind} needs a name`,
      remedy: `Give one of lower-case letters, digits and hyphens: \`jacoflow new ${kind} my-${kind}\`.`,
    }),

  badName: (kind: string, name: string): JacoflowError =>
    new JacoflowError({
      code: "BAD_NAME",
      kind: "command-line",
      message: `"${name}" cannot name a ${kind}`,
      value: name,
      remedy:
        "Use lower-case letters, digits and single hyphens, a letter first, at most 64 characters: my-name.",
    }),

  alreadyThere: (file: string): JacoflowError =>
    new JacoflowError({
      code: "ALREADY_THERE",
      kind: "command-line",
      message: `${file} exists; nothing was written`,
      place: file,
      value: file,
      remedy: "Choose another name, or move what is there.",
    }),

  folderNotWritable: (folder: string, reason: string): JacoflowError =>
    new JacoflowError({
      code: "FOLDER_NOT_WRITABLE",
      kind: "command-line",
      message: `cannot write into ${folder}: ${reason}`,
      place: folder,
      value: folder,
      remedy: "Call it from a folder you may write to.",
    }),
} as const;
