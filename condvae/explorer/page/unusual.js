// The rows that stand out, as `condvae score` or `condvae audit` has found them.

/** Strips of unusual rows; nothing of them changes. */
export function makeUnusual(page) {
  const { content, points, pictures, element } = page;
  const { unusual } = content;
  if (!unusual) return () => {};
  const { images, labels, num_rows: count } = unusual;
  const known = new Map([...labels, ...images].map((one) => [one.place, one]));
  page.oddOf = (row) => known.get(row);
  element("unusual-box").hidden = false;
  element("unusual-words").textContent =
    `Of ${count.toLocaleString("en")} training rows, by the model's own log p(x | y) and p(y | x).`;
  const label = (row) => points.names[points.codes[row]];
  const strips = [
    ["odd-images", images, label],
    ["odd-labels", labels, (row) => `${label(row)} → ${known.get(row).best}`],
  ];
  for (const [name, rows, caption] of strips) {
    const shown = rows.map(({ place }) => place).filter(pictures.has);
    element(name).hidden = element(`${name}-title`).hidden = !shown.length;
    page.fillStrip(element(name), shown, caption);
  }
  return () => {};
}
