// Makes the account page better where scripts run.
// @ts-check

/** Shows times in the user's own time zone. */
function localTimes() {
  const format = new Intl.DateTimeFormat(document.documentElement.lang, { dateStyle: "medium", timeStyle: "short" });
  document.querySelectorAll("time").forEach((time) => {
    time.textContent = format.format(new Date(time.dateTime));
  });
}

const key = "typed"; // in the session storage

/** @returns {HTMLInputElement[]} the fields that are kept while other forms are sent: no passwords */
function kept() {
  return [...document.querySelectorAll("form[data-keep] input")].filter((field) => field instanceof HTMLInputElement && ["text", "email"].includes(field.type) && !field.hidden);
}

/** Keeps what was typed into one form while another of the sections is sent. */
function keepTyped() {
  for (const [id, value] of Object.entries(JSON.parse(sessionStorage.getItem(key) ?? "{}"))) {
    const field = kept().find((field) => field.id === id);
    if (field) field.value = value;
  }
  sessionStorage.removeItem(key);
  document.addEventListener("submit", (event) => {
    const form = event.target;
    if (!(form instanceof HTMLFormElement) || !form.closest("section") || form.closest("#delete")) return; // another user may come
    const others = kept().filter((field) => field.form !== form && field.value !== field.defaultValue);
    if (others.length) sessionStorage.setItem(key, JSON.stringify(Object.fromEntries(others.map((field) => [field.id, field.value]))));
  });
}

/**
 * Tells screen readers what was done: they hear of changes only. A reload does not say it
 * again.
 */
function announce() {
  const outcome = document.querySelector(".outcome");
  if (!outcome) return;
  history.replaceState(null, "", location.pathname + location.hash);
  const spoken = document.createElement("p");
  spoken.className = "spoken";
  spoken.setAttribute("role", "status");
  outcome.removeAttribute("role");
  outcome.before(spoken);
  setTimeout(() => { spoken.textContent = outcome.textContent; }, 100);
  setTimeout(() => spoken.remove(), 2000);
}

localTimes();
keepTyped();
announce();
