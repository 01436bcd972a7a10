export interface Point {
  readonly x: number;
  readonly y: number;
}

export interface Series {
  readonly name: string;
  /** 1 … 6: a colour of the style sheet that differs in light and dark; 0 is grey. */
  readonly tone: 0 | 1 | 2 | 3 | 4 | 5 | 6;
  readonly dashed?: boolean;
  /** Series of one group have one entry in the legend, under this name. */
  readonly group?: string;
  readonly points: readonly Point[];
}

/** A line chart, told apart from others of its page by its key. */
export interface Chart {
  readonly key: string;
  readonly title: string;
  /** What is to be seen, for readers who do not see it. */
  readonly description: string;
  readonly x: {
    readonly label: string;
    readonly epochs: boolean;
    /** Instead of one that fits epochs, or an index from 1. */
    readonly domain?: readonly [number, number];
  };
  readonly y: {
    readonly label: string;
    readonly logarithmic?: boolean;
    readonly digits?: number;
  };
  readonly series: readonly Series[];
  /** Whether x is the rank of a cut: a page that can be touched lets it be chosen here. */
  readonly cut?: true;
  /** Vertical lines with a word at them. */
  readonly rules?: readonly { readonly x: number; readonly text: string }[];
  /** Horizontal lines, named in the legend. */
  readonly levels?: readonly { readonly y: number; readonly name: string }[];
  /** Points to stand out. */
  readonly marks?: readonly (Point & { readonly tone: Series["tone"]; readonly text: string })[];
}
