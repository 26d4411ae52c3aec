// Asks the browser for a passkey and sends what it answers with the form. Without script, or where the browser has no passkeys, the
// form stays hidden.
"use strict";
(() => {
  const form = document.querySelector("form[data-passkey]");
  const kind = window.PublicKeyCredential;
  if (!form || !kind || !kind.parseRequestOptionsFromJSON) return;
  const problem = form.querySelector("[role=alert]");
  form.hidden = false;
  form.addEventListener("submit", async (event) => {
    const answer = form.elements.credential;
    if (answer.value) return;
    event.preventDefault();
    problem.hidden = true;
    try {
      const options = JSON.parse(form.dataset.options);
      const isNew = form.dataset.passkey === "new";
      const credential = isNew
        ? await navigator.credentials.create({ publicKey: kind.parseCreationOptionsFromJSON(options) })
        : await navigator.credentials.get({ publicKey: kind.parseRequestOptionsFromJSON(options) });
      answer.value = JSON.stringify(credential.toJSON());
      form.submit();
    } catch {
      problem.hidden = false;
    }
  });
})();
