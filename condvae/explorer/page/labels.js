// Every label at the same z, which is also how a label is chosen.

import { joined } from "./arrays.js";
import { cssColour } from "./colours.js";
import { encodeParts, leadingPart } from "./condition.js";
import { captionsOf } from "./captions.js";
import { addSearch } from "./search.js";
import { oneOf, withValue } from "./values.js";

const MOST = 40;
const COLOURED = 20; // classes whose colours tell one from the other

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
    part.size > MOST ? `${MOST} of ${part.size} classes (${part.name})` : `Every ${part.name}`;

  box.className = count <= 10 ? "few" : count > COLOURED ? "many" : "";
  let codes = [...Array(count).keys()]; // of the classes that are shown

  const chosenIn = ({ values }) => values[leading]?.indexOf(1) ?? -1;
  const choose = (code) =>
    store.commit({ values: withValue(store.state.values, leading, oneOf(part.size, code)) });
  const buttons = codes.map((_, place) => {
    const button = document.createElement("button");
    button.setAttribute("role", "radio");
    const canvas = document.createElement("canvas");
    const caption = document.createElement("span");
    const share = document.createElement("i");
    button.append(canvas, caption, share);
    button.onclick = () => choose(codes[place]);
    box.append(button);
    return { button, canvas, caption, share };
  });
  nameButtons();

  /** Writes which class each of the buttons stands for; those beyond are not seen. */
  function nameButtons() {
    const captions = captionsOf(codes.map((code) => part.categories[code]));
    box.classList.toggle(
      "long",
      captions.some(({ length }) => length > 6),
    );
    buttons.forEach(({ button, caption }, place) => {
      const code = codes[place];
      button.hidden = code === undefined;
      if (button.hidden) return;
      button.setAttribute("aria-label", part.categories[code]);
      button.title = part.categories[code];
      button.style.setProperty("--class", cssColour(code));
      caption.textContent = captions[place];
    });
  }

  /** Shows other classes. */
  function show(others) {
    codes = others.slice(0, count);
    nameButtons();
    // what is chosen stays out where it is not what was looked for
    checked = chosenIn(store.state);
    [drawn, marked] = [null, null];
    draw(store.state);
  }

  if (part.size > MOST) addSearch(box, part, show);

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
    const next = (here + step + codes.length) % codes.length;
    buttons[next].button.focus();
    choose(codes[next]);
  });

  let drawn = null;
  let checked = null; // the class that is chosen
  let marked = null; // the one that the buttons say is chosen

  return draw;

  function draw(state) {
    const weights = state.values[leading] ?? Array(part.size).fill(0);
    const chosen = chosenIn(state);
    // a class that was chosen elsewhere comes among those that are shown
    if (chosen !== checked && chosen >= 0 && !codes.includes(chosen)) {
      codes = [chosen, ...codes].slice(0, count);
      nameButtons();
      [drawn, marked] = [null, null];
    }
    buttons.forEach(({ share }, place) => {
      share.style.transform = `scaleX(${weights[codes[place]] ?? 0})`;
    });
    checked = chosen;
    if (marked !== chosen) {
      marked = chosen;
      select.value = chosen;
      const first = Math.max(codes.indexOf(chosen), 0);
      buttons.forEach(({ button }, place) => {
        button.setAttribute("aria-checked", codes[place] === chosen);
        button.tabIndex = place === first ? 0 : -1;
      });
    }
    // a mixture is dragged without any change of what others are
    const others = state.values.filter((_, place) => place !== leading);
    const key = [state.z, state.noise, ...others];
    if (drawn && key.every((part, i) => part === drawn[i])) return;
    drawn = key;
    // under a prior that knows the label z holds it, too: what is shared is what z was drawn from
    page.element("labels-title").textContent = `${all} in this style`;
    const under = codes.map((code) => ({
      ...state,
      values: withValue(state.values, leading, oneOf(part.size, code)),
    }));
    const z = state.noise ? under.map((one) => page.prior.take(one, state.noise).z) : [state.z];
    const y = under.map(({ values }) => encodeParts(parts, values));
    if (!codes.length) return;
    const inputs = { rows: codes.length, z: Float32Array.from(z.flat()), y: joined(y) };
    engine.ask("labels", "decoder", inputs, (first, { x_mean }, rows) => {
      for (let row = 0; row < rows; row++) {
        painter.paint(buttons[first + row].canvas, x_mean.data, row);
      }
    });
  }
}
