// The page as a file that opens in what it shows now: where there is no address to send.

const NAME = "condvae-state"; // of the element in the head that holds the state

/** What the file was before anything of it changed; to be called first of all. */
export function readSource() {
  const bodies = [...document.body.children].filter(({ tagName }) => tagName !== "SCRIPT");
  return bodies.map((child) => child.outerHTML);
}

/** The state that a file was saved with, as a link has it; empty without one. */
export function savedState() {
  return document.head.querySelector(`meta[name="${NAME}"]`)?.content ?? "";
}

/** The file with a state in it; `source` is what `readSource` said. */
function fileWith(source, state) {
  const head = document.head.cloneNode(true);
  let meta = head.querySelector(`meta[name="${NAME}"]`);
  if (!meta) {
    meta = document.createElement("meta");
    meta.name = NAME;
    head.append(meta, "\n");
  }
  meta.content = state;
  // the programs are as they were read: of elements that hold them nothing is changed
  const scripts = [...document.querySelectorAll("body > script")].map(({ outerHTML }) => outerHTML);
  const body = [...source, ...scripts].join("\n");
  const text = `<!doctype html>\n<html lang="en">\n${head.outerHTML}\n<body>\n${body}\n</body>\n`;
  return new Blob([`${text}</html>\n`], { type: "text/html" });
}

/**
 * Offers the file where a link is of no use, which is then hidden.
 *
 * asLink(state) gives the state as a link has it, or a promise of it.
 */
export function offerFile(page, source, asLink) {
  const link = page.element("link");
  // in a frame of a notebook there is no address, and that of a file is of this machine alone
  const isLocal = ["file:", "about:"].includes(location.protocol);
  link.hidden = isLocal;
  if (!isLocal) return;
  const button = document.createElement("button");
  button.id = "keep-page";
  button.textContent = "Save this page with its state";
  link.after(button);
  button.onclick = async () => {
    const state = await asLink(page.store.state);
    page.download(fileWith(source, state), `${page.content.name}.html`);
    page.say("The page is saved; whoever opens it sees what is shown now.");
  };
}
