// The colours of the first ten classes, in the page and in all figures (explorer/palette.py).
//
// The least CIEDE2000 distance of two of them is 24.6, and 15.2 as people see them who lack one
// kind of cones; each has a contrast of 2 or more on white and on the dark page
// (tests/explorer/test_palette.py).

export const PALETTE = [
  "#497afb",
  "#d70200",
  "#544b4b",
  "#ff5680",
  "#d3a808",
  "#3bc3ac",
  "#1d04fd",
  "#577b54",
  "#c6abe9",
  "#a3117c",
];
