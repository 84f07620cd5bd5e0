// The first line of the page: what one can do here, in the words of the data.

import { leadingPart } from "./condition.js";

const NUMBERS = "none one two three four five six seven eight nine ten eleven twelve".split(" ");
const WRITTEN = /digit|letter|character|glyph|symbol/i; // whose style is a handwriting

/** "Draw a digit; see all ten in your handwriting." */
export function leadOf({ parts, isMasked, canDraw, painter }) {
  const part = parts[leadingPart(parts)];
  const isPhoto = painter.channels > 1;
  if (!parts.length) {
    return isMasked
      ? "Draw part of an image; see what the rest may look like."
      : "Draw an image; see what the model makes of it.";
  }
  if (!part) {
    return canDraw && !isPhoto
      ? "Draw an image; see how it changes with what is given."
      : "Move the sliders; see how the image changes with what is given.";
  }
  const several = part.size === 2 ? "both" : `all ${NUMBERS[part.size] ?? part.size}`;
  if (!canDraw) return `Choose a style; see ${several} ${pluralOf(part.name)} in it.`;
  const thing = /^(label|class|category|y)$/i.test(part.name) ? "image" : part.name;
  const verb = isPhoto ? "Open an image" : `Draw ${/^[aeiou]/i.test(thing) ? "an" : "a"} ${thing}`;
  const of = isPhoto || thing !== part.name ? ` ${pluralOf(part.name)}` : "";
  const style = WRITTEN.test(part.name) && !isPhoto ? "your handwriting" : "its style";
  return `${verb}; see ${several}${of} in ${style}.`;
}

/** Plural of a regular noun. */
function pluralOf(noun) {
  if (/[^aeiou]y$/.test(noun)) return `${noun.slice(0, -1)}ies`;
  return noun + (/(s|x|ch|sh)$/.test(noun) ? "es" : "s");
}
