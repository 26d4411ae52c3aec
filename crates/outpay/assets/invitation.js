// Puts an invitation's token from the address into the form and takes it out of the address bar. The fragment reaches no server.
"use strict";
(() => {
  const token = location.hash.slice(1);
  const form = document.querySelector("form[data-invitation]");
  if (!token || !form) return;
  history.replaceState(null, "", location.pathname);
  form.elements.token.value = token;
  form.requestSubmit();
})();
