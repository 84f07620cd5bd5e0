// Sliders: one for each latent, of many the most active first; one for each number that is given.

import { addSlider } from "./slider.js";
import { twoDecimals, withValue } from "./values.js";
import { WIDGETS } from "./widgets.js";

const FIRST = 6;

/** The latents' sliders; returns what draws them. */
export function makeLatents(page) {
  const { content, store, element } = page;
  const { order, activity, moves } = content.latents;
  const box = element("latents");
  let rest = box;
  // a few in the order of their numbers, of many the active ones first
  const axes = order.length > FIRST ? order : [...order].sort((a, b) => a - b);
  const sliders = axes.map((axis, place) => {
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
    axes.forEach((axis, place) => sliders[place].show(z[axis], { inText: twoDecimals }));
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
    const widget = WIDGETS[part.widget];
    if (!widget.add || (place === leading && !part.optional)) return;
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
    shows.push(widget.add(group, part, (state) => state.values[place], set, store));
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
  box.onchange = () => set(box.checked ? WIDGETS[part.widget].usual(part) : null);
  return ({ values }) => {
    box.checked = values[place] !== null;
  };
}
