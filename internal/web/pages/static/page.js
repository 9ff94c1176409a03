// Makes pages better where scripts run. Every page works without.
// @ts-check

/** Takes the token of a link out of the address, and puts it into the form that posts it. */
function takeToken() {
  const token = location.hash.slice(1);
  const form = document.querySelector("form[data-link]");
  if (!(form instanceof HTMLFormElement) || !/^[A-Z2-7]{26}$/.test(token)) return;
  history.replaceState(null, "", location.pathname);
  const field = form.elements.namedItem("token");
  if (!(field instanceof HTMLInputElement)) return;
  field.value = token;
  form.querySelectorAll("[data-typed]").forEach((typed) => typed.remove());
  document.querySelectorAll("[data-other]").forEach((other) => other.remove());
  form.querySelectorAll("[data-linked]").forEach(reveal);
  reveal(form);
}

/** @param {Element} element */
function reveal(element) {
  element.removeAttribute("hidden");
}

/**
 * Lets a button show what is typed as a password.
 * @param {HTMLButtonElement} button
 */
function showPassword(button) {
  const field = document.getElementById(button.getAttribute("aria-controls") ?? "");
  if (!(field instanceof HTMLInputElement)) return;
  const texts = [button.textContent, button.dataset.hide ?? ""];
  const labels = [button.getAttribute("aria-label") ?? "", button.dataset.hideLabel ?? ""];
  /** @param {boolean} visible */
  const set = (visible) => {
    field.type = visible ? "text" : "password";
    button.textContent = texts[Number(visible)];
    button.setAttribute("aria-label", labels[Number(visible)]);
  };
  button.addEventListener("click", () => set(field.type === "password"));
  field.form?.addEventListener("submit", () => set(false)); // else browsers remember it as a text
  reveal(button);
}

/**
 * Lets a button copy the text of an element.
 * @param {HTMLButtonElement} button
 */
function copyText(button) {
  const text = document.getElementById(button.dataset.copy ?? "")?.textContent;
  if (!text || !navigator.clipboard) return;
  button.addEventListener("click", async () => {
    await navigator.clipboard.writeText(text);
    button.textContent = button.dataset.done ?? "";
  });
  reveal(button);
}

const patience = 300; // milliseconds before a button says that it works
const download = 3000; // milliseconds after which a form that stays can be sent again

/**
 * Sends a form once, however often the button is clicked. The button says that it works if
 * the answer takes a while.
 * @param {HTMLFormElement} form
 */
function sendOnce(form) {
  let sent = false;
  /** @type {() => void} */
  let reset = () => { sent = false; };
  form.addEventListener("submit", (event) => {
    if (sent) {
      event.preventDefault();
      return;
    }
    sent = true;
    const button = event.submitter;
    if (!(button instanceof HTMLButtonElement)) return;
    const text = button.textContent;
    const timer = setTimeout(() => {
      button.textContent = document.body.dataset.busy ?? text;
      button.setAttribute("aria-disabled", "true");
    }, patience);
    reset = () => {
      clearTimeout(timer);
      sent = false;
      button.textContent = text;
      button.removeAttribute("aria-disabled");
    };
    if (form.hasAttribute("data-stays")) setTimeout(reset, download);
  });
  addEventListener("pageshow", () => reset()); // after the back button
}

/**
 * Counts down the time in a message. Screen readers keep the message as it was.
 * @param {HTMLElement} message
 */
function countDown(message) {
  const [before, after] = (message.textContent ?? "").split(message.dataset.waitText ?? "\n");
  if (after === undefined) return;
  const end = Date.now() + Number(message.dataset.wait) * 1000;
  const spoken = document.createElement("span");
  const seen = document.createElement("span");
  spoken.className = "spoken";
  spoken.textContent = message.textContent;
  seen.setAttribute("aria-hidden", "true");
  message.replaceChildren(spoken, seen);
  const tick = () => {
    const left = Math.max(0, Math.ceil((end - Date.now()) / 1000));
    seen.textContent = before + Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0") + after;
    if (left > 0) return;
    clearInterval(timer);
    message.textContent = document.body.dataset.over ?? "";
  };
  const timer = setInterval(tick, 1000);
  tick();
}

takeToken();
addEventListener("hashchange", () => {
  if (/^#[A-Z2-7]{26}$/.test(location.hash)) location.reload(); // another link, in the same tab
});
document.querySelectorAll("button.show").forEach((b) => showPassword(/** @type {HTMLButtonElement} */ (b)));
document.querySelectorAll("button[data-copy]").forEach((b) => copyText(/** @type {HTMLButtonElement} */ (b)));
document.querySelectorAll("form:not([method=dialog])").forEach(sendOnce);
document.querySelectorAll("[data-wait]").forEach((m) => countDown(/** @type {HTMLElement} */ (m)));
/** @type {HTMLElement | null} */ (document.querySelector(".summary"))?.focus();
