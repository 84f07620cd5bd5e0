// A slider for one number.

import { shortNumber } from "./values.js";

/**
 * A slider in a box, with a name, or one that is only heard, where it is written beside it.
 *
 * change(value, isStep) is called while and after it moves.
 */
export function addSlider(box, { name, hidden, low, high, step }, change) {
  const label = document.createElement("label");
  label.className = "slider";
  const words = document.createElement("span");
  words.textContent = name;
  const input = document.createElement("input");
  Object.assign(input, { type: "range", min: low, max: high, step });
  if (!name) input.setAttribute("aria-label", hidden);
  const shown = document.createElement("output");
  label.append(words, input, shown);
  box.append(label);
  input.oninput = () => change(Number(input.value), false);
  input.onchange = () => change(Number(input.value), true);
  let drawn;
  return {
    label,
    /** A value, or where it would begin while nothing is given. */
    show(value, { inText = shortNumber, first = 0 } = {}) {
      if (value === drawn) return;
      drawn = value;
      const isGiven = value !== null;
      input.value = isGiven ? value : first;
      label.classList.toggle("missing", !isGiven);
      shown.textContent = isGiven ? inText(value).replace("-", "−") : "–";
      if (isGiven) input.removeAttribute("aria-valuetext");
      else input.setAttribute("aria-valuetext", "not given");
    },
  };
}
