/** Markup that may be put into a page as it is. Anything else is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

type Content = Html | string | number | undefined | readonly Content[];

const entities: Readonly<Record<string, string>> = {
  "&": "&amp;",
  "<": "&lt;",
  ">": "&gt;",
  '"': "&quot;",
  "'": "&#39;",
};

/** Text that no browser takes for markup, in an element or in a quoted attribute. */
export function escapeHtml(text: string): string {
  return text.replaceAll(/[&<>"']/g, (character) => entities[character]);
}

function contentText(content: Content): string {
  if (content === undefined) return "";
  if (content instanceof Html) return content.text;
  if (Array.isArray(content)) return content.map(contentText).join("");
  return escapeHtml(String(content));
}

/** Tagged template: what is put in is escaped, unless it is Html; lists are joined, undefined is nothing. */
export function html(parts: TemplateStringsArray, ...contents: readonly Content[]): Html {
  return new Html(
    parts.map((part, at) => part + (at < contents.length ? contentText(contents[at]) : "")).join(""),
  );
}

/** A sentence with its *emphasised* parts strong. */
export function emphasised(sentence: string): Html {
  return new Html(escapeHtml(sentence).replaceAll(/\*([^*]+)\*/g, "<strong>$1</strong>"));
}
