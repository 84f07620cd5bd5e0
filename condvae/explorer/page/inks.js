// The colours of the page's style, as canvases need them.

const NAMES = ["surface", "ink", "quiet", "line", "axis", "accent"];
const dark = matchMedia("(prefers-color-scheme: dark)");
let inks = null;

dark.addEventListener("change", () => {
  inks = null;
});

/** The colours by name; another object once the page has turned dark or light. */
export function readInks() {
  inks ??= inksOf(getComputedStyle(document.body));
  return inks;
}

/** The colours of a style. */
function inksOf(style) {
  return Object.fromEntries(NAMES.map((name) => [name, style.getPropertyValue(`--${name}`)]));
}

/** The numbers of a colour that a style writes as #rrggbb. */
export const rgbOf = (colour) => {
  const number = parseInt(colour.trim().slice(1), 16);
  return [number >> 16, (number >> 8) & 255, number & 255];
};
