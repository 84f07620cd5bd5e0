// A row of buttons as one stop of the Tab key: arrow keys lead from one to the next.

/** Makes the buttons of a box one stop; call it again with the box when they have changed. */
export function rove(box) {
  const buttons = [...box.querySelectorAll("button")];
  const enter = (here) => buttons.forEach((one) => (one.tabIndex = one === here ? 0 : -1));
  if (!buttons.includes(box.querySelector('[tabindex="0"]'))) enter(buttons[0]);
  box.onkeydown = (event) => {
    const here = buttons.indexOf(document.activeElement);
    const next = {
      ArrowRight: here + 1,
      ArrowDown: here + 1,
      ArrowLeft: here - 1,
      ArrowUp: here - 1,
      Home: 0,
      End: buttons.length - 1,
    }[event.key];
    if (here < 0 || next === undefined) return;
    event.preventDefault();
    const to = buttons[(next + buttons.length) % buttons.length];
    enter(to);
    to.focus();
  };
  box.onclick = ({ target }) => {
    const button = target.closest("button");
    if (button) enter(button);
  };
}
