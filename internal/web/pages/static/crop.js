// Lets a person choose the square of a picture, and sends it scaled down. Without this script,
// the server takes the square in the middle.
// @ts-check

/** Sides in pixels: the longer of what is sent; of the largest crop; of the least square. */
const longest = 2048, largest = 512, smallest = 64;

const form = /** @type {HTMLFormElement} */ (document.querySelector("[data-crop]"));
const [field] = form.querySelectorAll("input");
const [failure] = form.querySelectorAll("output");
const [dialog] = document.querySelectorAll("dialog");
const [slider] = dialog.querySelectorAll("input");
const canvases = dialog.querySelectorAll("canvas"), stage = canvases[0];

/** What the person has chosen. @type {File} */
let file;
/** The same, upright. @type {ImageBitmap} */
let picture;
/** The square and its largest side, in pixels. */
let x = 0, y = 0, side = 1, most = 1;

const clamp = (n = 0, low = 0, high = 0) => Math.min(Math.max(n, low), high);

/** Zooms to another side, moves by parts of the square, and draws. */
function change(to = side, right = 0, down = 0) {
  to = clamp(to, smallest, most);
  x = clamp(x - right * side + (side - to) / 2, 0, picture.width - to);
  y = clamp(y - down * side + (side - to) / 2, 0, picture.height - to);
  side = to;
  slider.valueAsNumber = Math.log2(most / side);
  for (const canvas of canvases) {
    const { width } = canvas, context = canvas.getContext("2d");
    context?.clearRect(0, 0, width, width);
    context?.drawImage(picture, x, y, side, side, 0, 0, width, width);
  }
}

/** Fingers on the stage: one moves, two zoom. @type {Map<number, PointerEvent>} */
const fingers = new Map();
const apart = () => {
  const [a, b] = fingers.values();
  return b ? Math.hypot(a.clientX - b.clientX, a.clientY - b.clientY) || 1 : 1;
};
/** Moves right, moves down, zooms in. @param {HTMLButtonElement} button that says how often */
function act(button, step = 0.04) { // of the square
  const [right, down, closer] = button.value.split(" ").map(Number);
  change(side / 1.15 ** closer, right * step, down * step);
}

/** Asks for the square. @param {File | undefined} chosen */
async function take(chosen) {
  if (!chosen || dialog.open) return;
  file = chosen;
  field.value = failure.textContent = "";
  try {
    picture = await createImageBitmap(file);
  } catch {
    return send(); // the server may be able to read it
  }
  most = Math.min(picture.width, picture.height);
  slider.max = String(Math.log2(most / smallest));
  x = picture.width / 2;
  y = picture.height / 2;
  side = 0;
  change(most);
  dialog.showModal();
}

/** Sends the picture, scaled down if large, but the square not below the largest crop. */
async function use() {
  const { width, height } = picture;
  const factor = Math.min(1, Math.max(longest / Math.max(width, height), largest / side));
  const crop = [x, y, side].map((n) => Math.floor(n * factor)).join();
  if (factor === 1) return send(file, crop);
  const canvas = new OffscreenCanvas(Math.round(width * factor), Math.round(height * factor));
  const context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "high";
  context?.drawImage(picture, 0, 0, canvas.width, canvas.height);
  const blob = await canvas.convertToBlob({ type: file.type, quality: 0.92 }); // else PNG
  send(new File([blob], "picture.png"), crop); // the server looks inside
}

/** Sends a picture. An error is shown in the form. */
function send(data = file, crop = "") {
  const request = new XMLHttpRequest(), body = new FormData(); // fetch has no progress
  const [bar] = form.querySelectorAll("progress");
  body.set("crop", crop);
  body.set(field.name, data);
  bar.hidden = false;
  request.upload.onprogress = ({ loaded, total }) => { bar.value = loaded / total; };
  request.onloadend = () => {
    if (request.status && request.status < 400) {
      form.dispatchEvent(new Event("submit", { bubbles: true })); // for account.js
      return location.assign(request.responseURL);
    }
    const problem = request.response?.querySelector(".summary :is(li, p)");
    failure.textContent = problem?.textContent ?? failure.dataset.failed ?? "";
    bar.hidden = true;
  };
  request.open("POST", form.action);
  request.responseType = "document";
  request.send(body);
}

if (window.OffscreenCanvas) {
  slider.oninput = () => change(most / 2 ** slider.valueAsNumber);
  for (const button of dialog.querySelectorAll("button")) {
    const keys = button.dataset.keys?.split(" ");
    if (button.value) button.onclick = () => keys ? act(button) : use();
    stage.addEventListener("keydown", (event) => {
      if (!keys?.includes(event.key)) return;
      event.preventDefault();
      act(button, event.shiftKey ? 0.2 : 0.02);
    });
  }
  stage.onwheel = (event) => {
    event.preventDefault();
    change(side * Math.exp(event.deltaY / 500));
  };
  stage.onpointerdown = (event) => {
    stage.setPointerCapture(event.pointerId);
    fingers.set(event.pointerId, event);
  };
  stage.onlostpointercapture = (event) => fingers.delete(event.pointerId);
  stage.onpointermove = (event) => {
    const last = fingers.get(event.pointerId), before = apart();
    if (!last) return;
    fingers.set(event.pointerId, event);
    const width = stage.clientWidth * fingers.size;
    change(side * before / apart(), (event.clientX - last.clientX) / width,
      (event.clientY - last.clientY) / width);
  };

  const area = form.closest("section") ?? form;
  field.onchange = () => take(field.files?.[0]);
  area.ondragover = (event) => event.preventDefault();
  area.ondrop = (event) => {
    event.preventDefault();
    take(event.dataTransfer?.files[0]);
  };
  addEventListener("paste", ({ target, clipboardData: data }) => // not text with its picture
    target instanceof HTMLInputElement || take(data?.files[0]));
  form.querySelector("[data-plain]")?.remove(); // the choice sends it
}
