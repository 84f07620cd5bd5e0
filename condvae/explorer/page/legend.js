// Names of classes beside their colours.

import { cssColour } from "./colours.js";

const MOST = 40;

/** Writes names into a list; a name alone needs no colour. */
export function writeLegend(list, names) {
  list.hidden = names.length < 2;
  names.slice(0, MOST).forEach((name, code) => {
    const item = document.createElement("li");
    item.textContent = name;
    item.style.setProperty("--class", cssColour(code));
    list.append(item);
  });
}
