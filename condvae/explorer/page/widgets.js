// How a part of what is given is shown and set, and how its value becomes numbers of y.

import { momentInWords, placeOfMoment } from "./calendar.js";
import { fromScale, toScale } from "./scale.js";
import { addSlider } from "./slider.js";
import { oneOf, shortNumber, withValue } from "./values.js";

/**
 * The widgets by the names that conditions call them.
 *
 * A value is `part.size` numbers, and `part.dim` numbers of y: encode(part, value) and
 * decode(part, numbers) lead from one to the other. usual(part) is the value at first, and
 * add(group, part, valueOf, set, store) draws what sets it and returns what shows it.
 */
export const WIDGETS = {
  choice: {
    encode: mixtureOfCodes,
    decode: nearestClass,
    inWords: mixtureInWords,
    usual: (part) => oneOf(part.size, 0),
    add: addClasses,
  },
  sliders: {
    encode: (part, value) => value.map((number, i) => toScale(part, number, i)),
    decode: (part, numbers) => numbers.map((number, i) => fromScale(part, number, i)),
    inWords: (part, value) => `${part.name} ${value.map(shortNumber).join(", ")}`,
    usual: (part) => [...part.mean],
    add: addNumbers,
  },
  switches: {
    encode: (part, value) => value,
    decode: (part, numbers) => numbers,
    inWords: ({ name, attributes }, value) =>
      `${name} ${attributes.filter((_, i) => value[i]).join(" and ") || "none"}`,
    usual: (part) => Array(part.size).fill(0),
    add: addAttributes,
  },
  date: {
    encode: (part, [moment]) => [toScale(part, moment, 0), ...codesOfPhases(part, moment)],
    decode: (part, numbers) => [fromScale(part, numbers[0], 0)],
    inWords: momentOfPart,
    usual: (part) => [Math.round(part.mean[0])],
    add: addMoment,
  },
  moment: {
    inWords: momentOfPart,
    usual: ({ first, last }) => [Math.round((first + last) / 2)],
    add: addMoment,
  },
  // what the page cannot set stays missing
  none: {
    encode: (part, value) => value,
    decode: () => null,
    inWords: ({ name }) => `${name} given`,
  },
};

/** Weights of the classes as the networks see them: as they are, or a mixture of codes. */
function mixtureOfCodes({ codes, dim }, weights) {
  if (!codes) return weights;
  return Array.from({ length: dim }, (_, i) =>
    weights.reduce((sum, weight, code) => sum + weight * codes[code][i], 0),
  );
}

/** The phases of a date: of each, a one in place of what training has seen. */
function codesOfPhases(part, number) {
  return Object.entries(part.phases).flatMap(([name, seen]) => {
    const place = placeOfMoment(name, Math.round(number * secondsOf(part) * 1e6) / 1e6);
    return seen.map((one) => (one === place ? 1 : 0));
  });
}

/** "day 2024-12-24". */
function momentOfPart(part, [moment]) {
  return `${part.name} ${momentInWords(moment * secondsOf(part), part.days)}`;
}

/** The class whose code is nearest to the numbers; as they are where these are weights. */
function nearestClass({ codes, size }, numbers) {
  if (!codes) return numbers;
  const distances = codes.map((code) => Math.hypot(...code.map((bit, i) => bit - numbers[i])));
  return oneOf(size, distances.indexOf(Math.min(...distances)));
}

/** "digit 3", or the larger shares of several: "half 0, half 9". */
function mixtureInWords(part, weights) {
  const ranked = weights
    .map((weight, code) => [weight, part.categories[code]])
    .filter(([weight]) => weight >= 0.005)
    .sort((a, b) => b[0] - a[0]);
  if (ranked.length === 1) return `${part.name} ${ranked[0][1]}`;
  const shown = ranked.slice(0, 3).map(([weight, name]) => `${shareInWords(weight)} ${name}`);
  return shown.join(", ") + (ranked.length > 3 ? ", …" : "");
}

/** "half", or a percentage. */
function shareInWords(weight) {
  const percent = Math.round(100 * weight);
  return percent === 50 ? "half" : `${percent}%`;
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

/** Seconds in a unit of a part's moments. */
const secondsOf = ({ days }) => (days ? 86400 : 1);

/** A field for a date, or for a date and a time, between the first one and the last. */
function addMoment(group, part, valueOf, set) {
  const field = document.createElement("input");
  const inText = (moment) =>
    momentInWords(moment * secondsOf(part), part.days).replace(" ", "T");
  field.type = part.days ? "date" : "datetime-local";
  field.setAttribute("aria-label", part.name);
  Object.assign(field, { min: inText(part.first), max: inText(part.last) });
  group.append(field);
  field.onchange = () => {
    const moment = Date.parse(`${field.value}${part.days ? "" : "Z"}`) / (1000 * secondsOf(part));
    // an empty or half-written field changes nothing
    if (Number.isFinite(moment)) set([Math.min(Math.max(moment, part.first), part.last)]);
  };
  return (state) => {
    const value = valueOf(state);
    field.disabled = !value;
    if (value) field.value = inText(value[0]);
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
