// Parts of images that are given; as in condvae/conditions/masks.py.

const mask = (given) => (height, width) =>
  Uint8Array.from({ length: height * width }, (_, place) =>
    given(Math.floor(place / width), place % width, height, width) ? 1 : 0,
  );

const isLeft = (column, width) => column < Math.floor(width / 2);
const isTop = (row, height) => row < Math.floor(height / 2);

export const MASKS = {
  "bottom left quarter": mask((r, c, h, w) => isLeft(c, w) && !isTop(r, h)),
  "left half": mask((r, c, h, w) => isLeft(c, w)),
  "all but bottom right": mask((r, c, h, w) => isLeft(c, w) || isTop(r, h)),
  "right half": mask((r, c, h, w) => !isLeft(c, w)),
  "top half": mask((r, c, h) => isTop(r, h)),
  "bottom half": mask((r, c, h) => !isTop(r, h)),
  "all but a square": mask(
    (r, c, h, w) => Math.abs(r - h / 2 + 0.5) > h / 5 || Math.abs(c - w / 2 + 0.5) > w / 5,
  ),
};
