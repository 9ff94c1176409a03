// Makes pages better where scripts run. All work without.
// @ts-check

const token = /^#[A-Z2-7]{26}$/; // the end of a link in a message

/** Takes the token of a link out of the address, and puts it into the form that posts it. */
function takeToken() {
  const { hash, pathname } = location, form = document.querySelector("form[data-link]");
  if (!form || !token.test(hash)) return;
  history.replaceState(null, "", pathname);
  form.querySelector("[name=token]")?.setAttribute("value", hash.slice(1));
  document.querySelectorAll("[data-typed], [data-other]").forEach((other) => other.remove());
  [form, ...form.querySelectorAll("[data-linked]")].forEach((e) => e.removeAttribute("hidden"));
}
takeToken();
// Another link is opened in the same tab; or the back button shows an old page.
addEventListener("hashchange", () => token.test(location.hash) && location.replace("?" + location.hash));
addEventListener("pageshow", ({ persisted }) => persisted && location.reload());

// The button after a password shows it. The style sheet has its words.
for (const field of document.querySelectorAll("input")) {
  const button = field.nextElementSibling;
  if (field.type !== "password" || !button) continue;
  button.removeAttribute("hidden");
  button.addEventListener("click", () => {
    field.type = field.type === "text" ? "password" : "text";
  });
  field.form?.addEventListener("submit", () => { field.type = "password"; }); // browsers keep texts
}

// A form is sent once, however often its button is clicked. After a while, the button says
// that it works.
for (const form of document.forms) {
  if ("stays" in form.dataset) continue; // no other page follows
  let sent = false;
  form.addEventListener("submit", (event) => {
    if (sent) return event.preventDefault();
    sent = true;
    setTimeout(() => {
      if (!event.submitter) return;
      event.submitter.textContent = document.body.dataset.busy ?? "";
      event.submitter.ariaDisabled = "true";
    }, 300);
  });
}

/** Counts down the time in a message. Screen readers keep the message as it was.
 * @param {HTMLElement} message */
function countDown(message) {
  const { wait, waitText = "" } = message.dataset, end = Date.now() + Number(wait) * 1000;
  const seen = document.createElement("p");
  seen.ariaHidden = "true";
  message.before(seen);
  message.className = "spoken";
  const tick = () => {
    const left = Math.ceil((end - Date.now()) / 1000);
    const clock = Math.floor(left / 60) + ":" + String(left % 60).padStart(2, "0");
    seen.textContent = message.textContent?.replace(waitText, clock) ?? "";
    if (left > 0) setTimeout(tick, 1000);
    else message.parentElement?.replaceChildren(document.body.dataset.over ?? "");
  };
  tick();
}
const summary = /** @type {HTMLElement | null} */ (document.querySelector(".summary"));
const [problem] = summary?.querySelectorAll("p") ?? [];
if (problem?.dataset.wait) countDown(problem);
summary?.focus();
