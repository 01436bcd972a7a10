/**
 * The script of a report and of the live page, as text: it saves a chart as SVG or PNG when one of its buttons is
 * pressed, with its title and legend in it and the colours it is seen in. It needs nothing but the page it is in.
 */
export const saveScript = `
const namespace = "http://www.w3.org/2000/svg";
const margin = 12;
const lineHeight = 18;
const scale = 3;

function element(name, attributes, text) {
  const made = document.createElementNS(namespace, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

function picture(figure) {
  const drawn = figure.querySelector("svg[role=img]");
  const style = getComputedStyle(figure);
  const [, , width, height] = drawn.getAttribute("viewBox").split(" ").map(Number);
  const entries = [...figure.querySelectorAll(".legend li")];
  const top = 44 + entries.length * lineHeight;
  const title = figure.querySelector("figcaption").textContent;
  const pen = document.createElement("canvas").getContext("2d");
  const widthOf = (text, font) => {
    pen.font = font + " " + style.fontFamily;
    return pen.measureText(text).width;
  };
  // Words do not wrap in a picture: it is as wide as the longest of its lines.
  const named = entries.map((entry) => 32 + widthOf(entry.textContent.trim(), "12px"));
  const widest = Math.ceil(Math.max(width, widthOf(title, "600 14px"), ...named));
  const size = { width: widest + 2 * margin, height: top + height + margin };
  const ink = style.getPropertyValue("--ink").trim();
  const whole = element("svg", {
    xmlns: namespace, width: size.width, height: size.height,
    viewBox: "0 0 " + size.width + " " + size.height,
    "font-family": style.fontFamily, "font-size": 12, color: ink, fill: ink,
  });
  whole.append(
    element("title", {}, title),
    element("rect", { width: "100%", height: "100%", fill: "var(--page)" }),
    element("text", { x: margin, y: 24, "font-size": 14, "font-weight": 600 }, title),
  );
  entries.forEach((entry, at) => {
    const line = entry.querySelector("line").cloneNode();
    const y = 42 + at * lineHeight;
    const place = { x1: margin, x2: margin + 24, y1: y - 4, y2: y - 4 };
    for (const [key, value] of Object.entries(place)) line.setAttribute(key, value);
    whole.append(line, element("text", { x: margin + 32, y }, entry.textContent.trim()));
  });
  const inner = drawn.cloneNode(true);
  for (const name of ["class", "role", "aria-labelledby"]) inner.removeAttribute(name);
  for (const named of inner.querySelectorAll("[id]")) named.removeAttribute("id");
  for (const [key, value] of Object.entries({ x: margin, y: top - 8, width, height, "font-size": 12 })) {
    inner.setAttribute(key, value);
  }
  whole.append(inner);
  const text = new XMLSerializer().serializeToString(whole);
  const coloured = text.replaceAll(/var[(](--[a-z0-9-]+)[)]/g, (_, name) => style.getPropertyValue(name).trim());
  return { text: coloured, title, ...size };
}

function download(address, name) {
  const link = document.createElement("a");
  link.href = address;
  link.download = name;
  link.click();
}

const addressOf = (text) => "data:image/svg+xml;charset=utf-8," + encodeURIComponent(text);

// Not by toBlob, which waits for the page to be idle, on a busy machine for seconds.
async function bitmap({ text, width, height }) {
  const image = new Image();
  image.src = addressOf(text);
  await image.decode();
  const canvas = document.createElement("canvas");
  canvas.width = width * scale;
  canvas.height = height * scale;
  const context = canvas.getContext("2d");
  context.scale(scale, scale);
  context.drawImage(image, 0, 0, width, height);
  return canvas.toDataURL("image/png");
}

document.documentElement.classList.add("scripted");
document.addEventListener("click", async (event) => {
  const button = event.target.closest("button[data-save]");
  if (!button) return;
  const drawn = picture(button.closest("figure"));
  const name = drawn.title.toLowerCase().replaceAll(/[^a-z0-9]+/g, "-").replaceAll(/^-|-$/g, "");
  const form = button.dataset.save;
  download(form === "svg" ? addressOf(drawn.text) : await bitmap(drawn), name + "." + form);
});
`;
