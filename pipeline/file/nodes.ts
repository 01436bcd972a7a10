import { type Alias, type Document, isAlias, isMap, isNode, isScalar, isSeq, type Node } from "yaml";
import type { JacoflowError } from "../../schemas/errors/error.js";
import { fileErrors } from "../../schemas/errors/pipeline.js";

/** Maps and lists inside each other; what an alias names counts where it is used. */
export const depthLimit = 64;
/** Values of a whole file, aliases unfolded: more than any file of the size allowed can hold without them. */
const valueLimit = 300_000;
/** The parser looks for an alias's anchor among all before it. */
const aliasLimit = 1000;
/** Names JavaScript gives a meaning of its own: in no map of a pipeline file. */
const reservedKeys: readonly string[] = ["__proto__", "constructor", "prototype"];

export interface NodeProblem {
  readonly error: JacoflowError;
  readonly offset: number;
}

export interface CheckedNodes {
  /** What makes it impossible to say anything about the rest. */
  readonly fatal: readonly NodeProblem[];
  readonly problems: readonly NodeProblem[];
  /** What every alias stands for. */
  readonly targets: ReadonlyMap<Alias, Node>;
}

/** How much a node is once its aliases are unfolded. */
interface Extent {
  readonly values: number;
  readonly depth: number;
}

const nothing: Extent = { values: 1, depth: 0 };

/**
 * Walks a document once: keys that are given twice, are no plain words or are reserved (these are taken out, and merge
 * keys), and aliases
 * that name nothing, name what they stand in, or unfold to more than a file could hold.
 */
export function checkNodes(document: Document, lineOf: (offset: number) => number): CheckedNodes {
  const fatal: NodeProblem[] = [];
  const problems: NodeProblem[] = [];
  const targets = new Map<Alias, Node>();
  const anchors = new Map<string, { readonly node: Node; readonly extent: Extent | undefined }>();

  const extentOf = (node: unknown, depth: number): Extent => {
    if (!isNode(node)) return nothing;
    if (isAlias(node)) return extentOfAlias(node);
    if (depth > depthLimit) {
      fatal.push({ error: fileErrors.tooDeep(depthLimit), offset: startOf(node) });
      return nothing;
    }
    // Inside itself an anchor has no extent yet.
    if (node.anchor !== undefined) anchors.set(node.anchor, { node, extent: undefined });
    let extent = nothing;
    if (isMap(node)) {
      node.items = node.items.filter(({ key }) => checkReserved(key));
      checkKeys(node.items);
      extent = sum(node.items.map(({ value }) => extentOf(value, depth + 1)));
    } else if (isSeq(node)) {
      extent = sum(node.items.map((item) => extentOf(item, depth + 1)));
    }
    if (node.anchor !== undefined) anchors.set(node.anchor, { node, extent });
    return extent;
  };

  const extentOfAlias = (alias: Alias): Extent => {
    const anchor = anchors.get(alias.source);
    const offset = startOf(alias);
    if (anchor === undefined) fatal.push({ error: fileErrors.unknownAnchor(alias.source), offset });
    else if (anchor.extent === undefined)
      fatal.push({ error: fileErrors.aliasOfItself(alias.source), offset });
    else targets.set(alias, anchor.node);
    return anchor?.extent ?? nothing;
  };

  const checkReserved = (key: unknown): boolean => {
    const name = isScalar(key) ? String(key.value) : "";
    const error =
      name === "<<"
        ? fileErrors.mergeKey()
        : reservedKeys.includes(name)
          ? fileErrors.reservedKey(name)
          : undefined;
    if (error !== undefined) problems.push({ error, offset: startOf(key) });
    return error === undefined;
  };

  const checkKeys = (items: readonly { readonly key: unknown }[]) => {
    const seen = new Map<string, number>();
    for (const { key } of items) {
      const offset = startOf(key);
      const name = isScalar(key) ? String(key.value) : "";
      const first = seen.get(name);
      if (!isScalar(key)) fatal.push({ error: fileErrors.keyForm(), offset });
      else if (first !== undefined) {
        problems.push({ error: fileErrors.repeatedKey(name, lineOf(first)), offset });
      } else seen.set(name, offset);
    }
  };

  const { values, depth } = extentOf(document.contents, 0);
  const tooMany = values > valueLimit || depth > depthLimit || targets.size > aliasLimit;
  if (tooMany) fatal.push({ error: fileErrors.tooManyAliases(), offset: 0 });
  return { fatal, problems, targets };
}

function sum(parts: readonly Extent[]): Extent {
  let values = 1;
  let depth = 0;
  for (const part of parts) {
    values += part.values;
    depth = Math.max(depth, part.depth);
  }
  return { values, depth: depth + 1 };
}

const startOf = (node: unknown): number => (isNode(node) && node.range ? node.range[0] : 0);
