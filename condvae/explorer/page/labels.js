// Every label at the same z, which is also how a label is chosen.

import { joined } from "./arrays.js";
import { cssColour } from "./colours.js";
import { encodeParts, leadingPart } from "./condition.js";
import { oneOf, withValue } from "./values.js";

const MOST = 40;

/** The row of labels; returns what draws it. */
export function makeLabels(page) {
  const { store, engine, painter, parts } = page;
  const leading = leadingPart(parts);
  if (leading < 0) return () => {};
  const part = parts[leading];
  const count = Math.min(part.size, MOST);
  const box = page.element("labels");
  page.element("labels-box").hidden = false;
  const all =
    part.size > MOST ? `The first ${MOST} of ${part.size}, ${part.name},` : `Every ${part.name}`;

  box.className = count <= 10 ? "few" : "";

  const choose = (code) =>
    store.commit({ values: withValue(store.state.values, leading, oneOf(part.size, code)) });
  const buttons = part.categories.slice(0, count).map((name, code) => {
    const button = document.createElement("button");
    button.setAttribute("role", "radio");
    button.setAttribute("aria-label", name);
    button.title = name;
    button.style.setProperty("--class", cssColour(code));
    const canvas = document.createElement("canvas");
    const caption = document.createElement("span");
    caption.textContent = name;
    const share = document.createElement("i");
    button.append(canvas, caption, share);
    button.onclick = () => choose(code);
    box.append(button);
    return { button, canvas, share };
  });

  const select = page.element("class");
  select.hidden = part.size <= MOST;
  select.setAttribute("aria-label", part.name);
  if (!select.hidden) part.categories.forEach((name, code) => select.add(new Option(name, code)));
  select.onchange = () => choose(Number(select.value));

  box.addEventListener("keydown", (event) => {
    const step = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const here = buttons.findIndex(({ button }) => button === document.activeElement);
    const next = (here + step + count) % count;
    buttons[next].button.focus();
    choose(next);
  });

  let drawn = null;
  let checked = null;

  return function draw(state) {
    const weights = state.values[leading] ?? Array(part.size).fill(0);
    const chosen = weights.indexOf(1);
    buttons.forEach(({ share }, code) => {
      share.style.transform = `scaleX(${weights[code]})`;
    });
    if (chosen !== checked) {
      checked = chosen;
      select.value = chosen;
      buttons.forEach(({ button }, code) => {
        button.setAttribute("aria-checked", code === chosen);
        button.tabIndex = code === Math.max(chosen, 0) ? 0 : -1;
      });
    }
    // a mixture is dragged without any change of what others are
    const others = state.values.filter((_, place) => place !== leading);
    const key = [state.z, state.noise, ...others];
    if (drawn && key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    // under a prior that knows the label z holds it, too: what is shared is what z was drawn from
    page.element("labels-title").textContent = `${all} in this style`;
    const under = buttons.map((_, code) => ({
      ...state,
      values: withValue(state.values, leading, oneOf(part.size, code)),
    }));
    const z = state.noise ? under.map((one) => page.prior.take(one, state.noise).z) : [state.z];
    const y = under.map(({ values }) => encodeParts(parts, values));
    const inputs = { rows: count, z: Float32Array.from(z.flat()), y: joined(y) };
    engine.ask("labels", "decoder", inputs, (first, { x_mean }, rows) => {
      for (let row = 0; row < rows; row++) {
        painter.paint(buttons[first + row].canvas, x_mean.data, row);
      }
    });
  };
}
