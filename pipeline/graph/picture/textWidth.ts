/** Widths in hundredths of the font size, as wide as the widest of the usual sans-serif fonts. */
const narrow = /[ijl.,:;'|!()[\]{}/\\ ft]/;
const broad = /[mwMW@%]/;
const capital = /[A-Z0-9_+=<>#$&~]/;

/** How wide a text is at most in a sans-serif font of a size, in the unit of the size. */
export function textWidth(text: string, size: number): number {
  let hundredths = 0;
  for (const character of text) {
    if (character > "~") hundredths += 105;
    else if (narrow.test(character)) hundredths += 42;
    else if (broad.test(character)) hundredths += 102;
    else hundredths += capital.test(character) ? 74 : 64;
  }
  return (hundredths * size) / 100;
}
