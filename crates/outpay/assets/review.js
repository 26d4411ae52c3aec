// Keys for reviewers. In the list: j and k or the arrows move between rows, x selects, a approves, r leads to the reason for rejecting. On
// the page of a withdrawal: the field that r leads to. Everything also works by pointer, and without this script.
"use strict";
(() => {
  const field = location.hash === "#reason" ? document.getElementById("reason") : null;
  if (field) field.focus();

  const rows = [...document.querySelectorAll("table[data-rows] > tbody > tr")];
  const boxOf = (row) => row.querySelector("input[name=withdrawal]");
  const boxes = rows.map(boxOf).filter((box) => box !== null);

  const all = document.querySelector("input[data-select-all]");
  if (all) {
    const show = () => {
      const chosen = boxes.filter((box) => box.checked).length;
      all.checked = chosen > 0 && chosen === boxes.length;
      all.indeterminate = chosen > 0 && chosen < boxes.length;
    };
    all.hidden = false;
    all.addEventListener("change", () => {
      for (const box of boxes) box.checked = all.checked;
    });
    for (const box of boxes) box.addEventListener("change", show);
    show();
  }
  if (rows.length === 0) return;

  const place = () => rows.findIndex((row) => row.contains(document.activeElement));
  const go = (to) => rows[Math.max(0, Math.min(rows.length - 1, to))].querySelector("a").focus();
  const press = (row, css) => {
    const control = row && row.querySelector(css);
    if (control) control.click();
  };
  const keys = {
    j: (at) => go(at + 1),
    k: (at) => go(at - 1),
    x: (at) => press(rows[at], "input[name=withdrawal]"),
    a: (at) => press(rows[at], "[data-approve]"),
    r: (at) => {
      if (rows[at] && boxOf(rows[at])) location.assign(`${rows[at].querySelector("a").href}#reason`);
    },
  };
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.repeat) return;
    if (event.target.closest("input:not([type=checkbox]), textarea, select, [contenteditable]")) return;
    const at = place();
    // The arrows scroll the page until a row has the focus.
    const arrow = at < 0 ? undefined : { ArrowDown: "j", ArrowUp: "k" }[event.key];
    const action = keys[arrow || event.key];
    if (!action) return;
    event.preventDefault();
    action(at);
  });
})();
