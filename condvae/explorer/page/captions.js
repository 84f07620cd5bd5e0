// Names that fit below a tile and still tell one from the other.

const LONG = 6; // characters that always fit
const LEAST = 3; // characters that all names begin with, for them to be left out
const MOST = 16; // characters on two lines

/** The names, without what all of them begin with, and without their middle where they are long. */
export function captionsOf(names) {
  if (names.every(({ length }) => length <= LONG)) return names;
  const shared = sharedStart(names);
  return names.map((name) => {
    const rest = shared >= LEAST ? `…${name.slice(shared)}` : name;
    if (rest.length <= MOST) return rest;
    // names differ at their ends more often than in their middle
    const half = MOST / 2 - 1;
    return `${rest.slice(0, half + 1)}…${rest.slice(-half)}`;
  });
}

/** How many characters all names begin with, whole numbers left whole; something must be left. */
function sharedStart(names) {
  if (names.length < 2) return 0;
  const [first] = names;
  const least = Math.min(...names.map(({ length }) => length)) - 1;
  let count = 0;
  while (count < least && names.every((name) => name[count] === first[count])) count += 1;
  while (count && /\d/.test(first[count - 1])) count -= 1;
  return count;
}
