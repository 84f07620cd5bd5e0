// The image at z, and what it is in words.

import { inWords } from "./condition.js";
import { savedImage } from "./enlarged.js";
import { writeLegend } from "./legend.js";
import { shortNumber, twoDecimals } from "./values.js";

/** The image of a page; returns what draws it. */
export function makeImage(page) {
  const { content, store, engine, painter, parts, prior, element, encode } = page;
  const canvas = element("image");

  element("centre-z").onclick = () => store.commit(prior.centre(store.state));
  const keep = element("keep");
  element("draw-z").onclick = () =>
    store.commit(prior.take(store.state, prior.finer(store.state, Number(keep.value))));
  offerGroups(keep, content.latent_groups);
  element("keep-box").hidden = content.latent_groups.length < 2;
  element("save").onclick = async () =>
    page.download(await savedImage(canvas), `${content.name}.png`);

  writeLegend(element("pixel-classes"), content.pixel_classes ?? []);

  let drawn = {};

  return function draw(state) {
    // the view moves more often than what is decoded
    const { z: place, values, given: image } = state;
    if (drawn.place === place && drawn.values === values && drawn.image === image) return;
    drawn = { place, values, image };
    const z = state.z.map(twoDecimals);
    const shown = z.length > 4 ? [...z.slice(0, 4), "…"] : z;
    const given = parts.length
      ? inWords(parts, state.values)
      : page.isMasked
        ? "part of an image given"
        : "an image given";
    element("given-words").textContent = given;
    element("z-words").textContent = `z = (${shown.join(", ")})`;
    canvas.setAttribute("aria-label", `Decoded image: ${given}, z = ${shown.join(", ")}`);
    const inputs = { rows: 1, z: Float32Array.from(state.z), y: encode(state) };
    engine.ask("image", "decoder", inputs, (_, { x_mean }) => {
      painter.paint(canvas, page.withGiven(state, x_mean.data));
    });
  };
}

/** The step in words, for those who hear the page. */
export function speak(page, state) {
  const { parts, element } = page;
  const given = parts.length ? `${inWords(parts, state.values)}, ` : "";
  element("spoken").textContent = `${given}z ${state.z.slice(0, 4).map(shortNumber).join(", ")}`;
}

/** How many of the coarse groups of z a draw may keep. */
function offerGroups(keep, groups) {
  keep.add(new Option("nothing", 0));
  let latents = 0;
  groups.slice(0, -1).forEach((size, place) => {
    latents += size;
    keep.add(new Option(latents === 1 ? "z1" : `z1 to z${latents}`, place + 1));
  });
}
