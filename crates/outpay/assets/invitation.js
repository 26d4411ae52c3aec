// Puts a link's token from the address into the form and takes it out of the address bar. The fragment reaches no server. A form
// that needs nothing else is sent at once.
"use strict";
(() => {
  const token = location.hash.slice(1);
  const form = document.querySelector("form[data-invitation], form[data-token]");
  if (!token || !form) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  if ("invitation" in form.dataset) form.requestSubmit();
})();
