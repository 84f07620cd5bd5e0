// Material's search is a dialog without a name, which a screen reader cannot announce.
document.querySelector(".md-search")?.setAttribute("aria-label", "Search");
// Tables that are wider than the page can be scrolled by keyboard.
document.addEventListener("DOMContentLoaded", () => {
  for (const wrap of document.querySelectorAll(".md-typeset__scrollwrap")) {
    if (wrap.scrollWidth > wrap.clientWidth) wrap.tabIndex = 0;
  }
});
