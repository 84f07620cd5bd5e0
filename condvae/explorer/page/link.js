// The state as the part of an address behind the #, and back.

import { inputShapes } from "./graph.js";

/** What a link holds: z, the conditions, the view. A drawn image is too large for it. */
export function toLink(state) {
  const fields = new URLSearchParams();
  fields.set("z", state.z.map(short).join(","));
  state.values.forEach((value, place) => {
    const isOne = value && value.length > 2 && value.filter((weight) => weight).length === 1;
    const text = isOne && value.includes(1) ? `@${value.indexOf(1)}` : value?.map(short).join(",");
    fields.set(`y${place}`, text ?? "");
  });
  if (state.noise) fields.set("noise", [...state.noise].map(short).join(","));
  fields.set("view", [state.view.x, state.view.y, state.view.span].map(short).join(","));
  fields.set("axes", state.axes.join(","));
  if (state.every) fields.set("grid", "every");
  return fields.toString().replaceAll("%2C", ",").replaceAll("%40", "@");
}

/** The changes of the state that a link asks for; throws where it is not one of this model. */
export function fromLink(text, { latent_dim: latents, graphs }, parts) {
  const fields = new URLSearchParams(text);
  const changes = {};
  if (fields.has("z")) changes.z = numbers(fields.get("z"), latents);
  if (fields.has("noise")) {
    const { noise } = inputShapes(graphs.prior);
    changes.noise = Float32Array.from(numbers(fields.get("noise"), noise[0]));
  }
  if (fields.has("view")) {
    const [x, y, span] = numbers(fields.get("view"), 3);
    if (!(span > 1e-3 && span < 1e3)) throw new Error("view");
    changes.view = { x, y, span };
  }
  if (fields.has("axes")) {
    changes.axes = numbers(fields.get("axes"), latents > 1 ? 2 : 1);
    if (changes.axes.some((axis) => !Number.isInteger(axis) || axis < 0 || axis >= latents)) {
      throw new Error("axes");
    }
  }
  if (parts.some((_, place) => fields.has(`y${place}`))) {
    changes.values = parts.map((part, place) => valueOf(part, fields.get(`y${place}`) ?? ""));
  }
  changes.every = fields.get("grid") === "every";
  return changes;
}

/** The value of a part in a link; empty where it is not given. */
function valueOf(part, text) {
  if (text === "") {
    if (!part.optional) throw new Error(part.name);
    return null;
  }
  if (text.startsWith("@")) {
    const [place] = numbers(text.slice(1), 1);
    if (!(place in Array(part.size).fill(0))) throw new Error(part.name);
    return Array.from({ length: part.size }, (_, i) => (i === place ? 1 : 0));
  }
  return numbers(text, part.size);
}

/** So many finite numbers between commas. */
function numbers(text, count) {
  const found = text.split(",").map(Number);
  if (found.length !== count || !found.every(Number.isFinite)) throw new Error(text);
  return found;
}

/** A number to three decimals. */
const short = (number) => Number(number.toFixed(3));
