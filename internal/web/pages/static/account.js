// Makes the account page better where scripts run.
// @ts-check

// Times are in the user's own time zone.
for (const time of document.querySelectorAll("time")) {
  time.textContent = new Date(time.dateTime).toLocaleString(
    document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
}

// Sending a form keeps what was typed into the others, but no passwords.
const fields = [...document.querySelectorAll("input")].filter(
  (field) => field.closest("[data-keep]") && field.type !== "password");
const kept = new URLSearchParams(sessionStorage.typed);
delete sessionStorage.typed;
for (const field of fields) if (kept.has(field.id)) field.value = kept.get(field.id) ?? "";
addEventListener("submit", ({ target }) => {
  // After the others, such as the sign-out, another user may come.
  if (!(target instanceof Element) || !target.matches("section form:not(#delete *)")) return;
  const others = fields.filter((f) => f.form !== target && f.value !== f.defaultValue);
  sessionStorage.typed = String(new URLSearchParams(others.map((f) => [f.id, f.value])));
});

// Screen readers hear what was done if it changes. A reload does not say it again.
const outcome = document.querySelector(".outcome");
if (outcome) {
  history.replaceState(null, "", location.pathname + location.hash);
  setTimeout(() => outcome.replaceChildren(outcome.textContent ?? ""), 100);
}
