/** Letters from which on the beginning of a name, or a whole word of it, is taken for the name. */
const partLength = 3;

/**
 * The candidate with the fewest edits (insert, delete, replace, swap of neighbours) from a mistyped word,
 * case aside; undefined when even that one is too far to be what was meant (more than a third of its letters, at least 2).
 * A word that a name begins with, or that is one of a name's words, is that name cut short (`resnet`, `gpu`), unless few
 * edits make it another.
 */
export function nearest(word: string, candidates: Iterable<string>): string | undefined {
  let best: string | undefined;
  let fewest = Number.POSITIVE_INFINITY;
  for (const candidate of candidates) {
    const edits = editDistance(word.toLowerCase(), candidate.toLowerCase());
    if (edits < fewest && edits <= Math.max(2, Math.ceil(candidate.length / 3))) {
      best = candidate;
      fewest = edits;
    }
  }
  return fewest > word.length / 4 ? (nameWith(word.toLowerCase(), candidates) ?? best) : best;
}

function nameWith(part: string, candidates: Iterable<string>): string | undefined {
  if (part.length < partLength) return undefined;
  const names = [...candidates];
  const words = (name: string) => name.toLowerCase().split(/[^a-z0-9]+/);
  return (
    names.find((name) => name.toLowerCase().startsWith(part)) ??
    names.find((name) => words(name).includes(part))
  );
}

/** Optimal string alignment distance, three rows of the table at a time. */
function editDistance(left: string, right: string): number {
  let beforeLast: number[] = [];
  let last = Array.from({ length: right.length + 1 }, (_, column) => column);
  for (let row = 1; row <= left.length; row += 1) {
    const current = [row];
    for (let column = 1; column <= right.length; column += 1) {
      const same = left[row - 1] === right[column - 1];
      let edits = Math.min(last[column] + 1, current[column - 1] + 1, last[column - 1] + (same ? 0 : 1));
      if (
        row > 1 &&
        column > 1 &&
        left[row - 1] === right[column - 2] &&
        left[row - 2] === right[column - 1]
      ) {
        edits = Math.min(edits, beforeLast[column - 2] + 1);
      }
      current.push(edits);
    }
    beforeLast = last;
    last = current;
  }
  return last[right.length];
}
