// A field to find classes by their names, where there are too many to show all.

/**
 * Adds the field before a box, for the classes of a part.
 *
 * show(codes) is called with the classes that are meant: names that begin with the words come
 * first, then those that hold them.
 */
export function addSearch(box, part, show) {
  const field = document.createElement("input");
  field.type = "search";
  field.id = "label-search";
  field.placeholder = `Find a ${part.name}`;
  field.setAttribute("aria-label", `Find a ${part.name} among ${part.size}`);
  const found = document.createElement("span");
  found.className = "note";
  found.setAttribute("role", "status");
  const line = document.createElement("div");
  line.className = "tools search";
  line.append(field, found);
  box.before(line);
  const names = part.categories.map((name) => name.toLowerCase());

  field.oninput = () => {
    const words = field.value.trim().toLowerCase();
    const codes = names.flatMap((name, code) => (name.includes(words) ? [code] : []));
    const begins = (code) => (names[code].startsWith(words) ? 0 : 1);
    codes.sort((a, b) => begins(a) - begins(b) || a - b);
    if (words && !codes.length) {
      found.textContent = "none has that name";
      return;
    }
    found.textContent = words ? `${codes.length.toLocaleString("en")} found` : "";
    show(codes);
  };
}
