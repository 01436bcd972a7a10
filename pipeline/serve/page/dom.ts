import { Html } from "../../../stages/sinks/report/html.js";

/** A new element with attributes; `undefined` ones are left out. */
export function made<Name extends keyof HTMLElementTagNameMap>(
  name: Name,
  attributes: Readonly<Record<string, string | undefined>> = {},
  ...children: readonly (Node | string)[]
): HTMLElementTagNameMap[Name] {
  const element = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value !== undefined) element.setAttribute(key, value);
  }
  element.append(...children);
  return element;
}

const shown = new WeakMap<Element, string>();

/**
 * Makes an element show markup, or text; does nothing when it shows that already, so that what is selected in it stays.
 * What can be scrolled in it keeps its place, and the focus.
 */
export function show(element: Element, content: Html | string): void {
  const text = content instanceof Html ? `html ${content.text}` : `text ${content}`;
  if (shown.get(element) === text) return;
  shown.set(element, text);
  if (!(content instanceof Html)) {
    element.textContent = content;
    return;
  }
  const before = placesIn(element).map((place) => ({
    left: place.scrollLeft,
    top: place.scrollTop,
    focused: place === document.activeElement,
  }));
  element.innerHTML = content.text;
  for (const [at, place] of placesIn(element).entries()) {
    const { left = 0, top = 0, focused = false } = before[at] ?? {};
    place.scrollTo({ left, top, behavior: "instant" });
    if (focused) place.focus({ preventScroll: true });
  }
}

/** What is scrolled with keys in an element. */
const placesIn = (element: Element) => [...element.querySelectorAll<HTMLElement>("[tabindex]")];

/** Makes the children of an element these, in this order, moving none that stands right: focus stays where it is. */
export function arrange(parent: Element, children: readonly Element[]): void {
  const wanted = new Set<Element>(children);
  for (const child of [...parent.children]) if (!wanted.has(child)) child.remove();
  let next: Element | null = parent.firstElementChild;
  for (const child of children) {
    if (child === next) next = next.nextElementSibling;
    else parent.insertBefore(child, next);
  }
}
