// Sliders: one for each latent, the most active first; one for each number that is given.

import { oneOf, shortNumber, twoDecimals, withValue } from "./condition.js";

const FIRST = 6;

/**
 * A slider in a box, with a name, or one that is only heard, where it is written beside it.
 *
 * change(value, isStep) is called while and after it moves.
 */
function addSlider(box, { name, hidden, low, high, step }, change) {
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

/** The latents' sliders; returns what draws them. */
export function makeLatents(page) {
  const { content, store, element } = page;
  const { order, activity, moves } = content.latents;
  const box = element("latents");
  let rest = box;
  const sliders = order.map((axis, place) => {
    if (place === FIRST) rest = addRest(box, order.length - FIRST);
    const [low, high] = page.rangeOf(axis);
    const known = activity ? `activity ${activity[axis].toFixed(2)}` : "";
    const name = moves[axis] ? `z${axis + 1} · ${moves[axis]}` : `z${axis + 1}`;
    const slider = addSlider(rest, { name, low, high, step: 0.01 }, (value, isStep) => {
      const z = withValue(store.state.z, axis, value);
      if (isStep) store.commit({ z });
      else store.change({ z });
    });
    slider.label.title = known;
    return slider;
  });
  return ({ z }) =>
    order.forEach((axis, place) => sliders[place].show(z[axis], { inText: twoDecimals }));
}

/** A part of a box that opens. */
function addRest(box, count) {
  const details = document.createElement("details");
  const summary = document.createElement("summary");
  summary.textContent = `${count} less active latent${count === 1 ? "" : "s"}`;
  details.append(summary);
  box.append(details);
  return details;
}

/** What can be given beside the class of the row of labels; returns what draws it. */
export function makeConditions(page, leading) {
  const { store, parts, element } = page;
  const box = element("conditions");
  const shows = [];
  parts.forEach((part, place) => {
    if (part.kind === "image" || (place === leading && !part.optional)) return;
    element("conditions-box").hidden = false;
    const group = document.createElement("fieldset");
    const legend = document.createElement("legend");
    group.append(legend);
    box.append(group);
    const set = (value, isStep = true) => {
      const values = withValue(store.state.values, place, value);
      if (isStep) store.commit({ values });
      else store.change({ values });
    };
    if (part.optional) shows.push(addGiven(legend, part, place, set));
    else legend.textContent = part.name;
    if (place === leading) return; // the row of labels is where it is chosen
    const add = { categorical: addClasses, continuous: addNumbers, multi_label: addAttributes };
    shows.push(add[part.kind](group, part, (state) => state.values[place], set, store));
  });
  return (state) => shows.forEach((show) => show(state));
}

/** A box to tick: whether a condition is given. */
function addGiven(legend, part, place, set) {
  const label = document.createElement("label");
  const box = document.createElement("input");
  box.type = "checkbox";
  label.append(box, ` ${part.name}`);
  legend.append(label);
  box.onchange = () => set(box.checked ? usual(part) : null);
  return ({ values }) => {
    box.checked = values[place] !== null;
  };
}

/** What a condition is when it is first given. */
function usual(part) {
  if (part.kind === "continuous") return [...part.mean];
  return part.kind === "categorical" ? oneOf(part.size, 0) : Array(part.size).fill(0);
}

/** A slider for each number, over what training has seen. */
function addNumbers(group, part, valueOf, set, store) {
  const sliders = part.mean.map((_, i) => {
    const [low, high] = [part.minimum[i], part.maximum[i]];
    const step = part.decimals === 0 ? 1 : (high - low) / 200;
    const name = part.mean.length > 1 ? `${part.name} ${i + 1}` : "";
    return addSlider(group, { name, hidden: part.name, low, high, step }, (number, isStep) =>
      set(withValue(valueOf(store.state) ?? part.mean, i, number), isStep),
    );
  });
  return (state) =>
    sliders.forEach((slider, i) =>
      slider.show(valueOf(state)?.[i] ?? null, { first: part.mean[i] }),
    );
}

/** A list of classes to choose from. */
function addClasses(group, part, valueOf, set) {
  const select = document.createElement("select");
  select.setAttribute("aria-label", part.name);
  part.categories.forEach((name, code) => select.add(new Option(name, code)));
  group.append(select);
  select.onchange = () => set(oneOf(part.size, Number(select.value)));
  return (state) => {
    const weights = valueOf(state);
    select.disabled = !weights;
    if (weights) select.value = weights.indexOf(Math.max(...weights));
  };
}

/** A box to tick for each attribute. */
function addAttributes(group, part, valueOf, set, store) {
  const boxes = part.attributes.map((name, i) => {
    const label = document.createElement("label");
    const box = document.createElement("input");
    box.type = "checkbox";
    label.append(box, ` ${name}`);
    group.append(label);
    box.onchange = () => set(withValue(valueOf(store.state), i, box.checked ? 1 : 0));
    return box;
  });
  return (state) => {
    const flags = valueOf(state);
    boxes.forEach((box, i) =>
      Object.assign(box, { disabled: !flags, checked: Boolean(flags?.[i]) }),
    );
  };
}
