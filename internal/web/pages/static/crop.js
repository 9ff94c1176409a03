// Lets a person choose the square of a picture and see it, and sends the picture scaled down.
// Without this script the form sends the file, and the server takes the square in the middle.
// @ts-check

/** In pixels: the longer side of what is sent, twice what the server keeps; the server's largest
 * crop; and the smallest square to choose. */
const longest = 2048, largest = 512, smallest = 64;

/** @typedef {{file: Blob, crop: string}} Choice */

/** @param {number} n @param {number} low @param {number} high */
const clamp = (n, low, high) => Math.min(Math.max(n, low), high);

/**
 * Makes a dialog with canvases, buttons and a slider ask for a square.
 * @param {HTMLDialogElement} dialog
 * @returns {(file: File) => Promise<Choice | null>} null: the person has changed their mind
 */
function cropper(dialog) {
  const canvases = dialog.querySelectorAll("canvas"), stage = canvases[0];
  const slider = /** @type {HTMLInputElement} */ (dialog.querySelector("input"));
  const fingers = new Map();
  /** @type {ImageBitmap} */
  let picture;
  let x = 0, y = 0, side = 1, most = 1, least = 1;

  const draw = () => {
    x = clamp(x, 0, picture.width - side);
    y = clamp(y, 0, picture.height - side);
    slider.value = String(Math.log(most / side) / Math.log(most / least) * 100 || 0);
    for (const canvas of canvases) {
      const to = canvas.getContext("2d");
      to?.clearRect(0, 0, canvas.width, canvas.height);
      to?.drawImage(picture, x, y, side, side, 0, 0, canvas.width, canvas.height);
    }
  };
  /** Moves the picture by parts of the square. @param {number} right @param {number} down */
  const move = (right, down) => {
    x -= right * side;
    y -= down * side;
    draw();
  };
  /** @param {number} to the side of the square */
  const zoom = (to) => {
    to = clamp(to, least, most);
    x += (side - to) / 2;
    y += (side - to) / 2;
    side = to;
    draw();
  };

  stage.onpointerdown = (e) => {
    stage.setPointerCapture(e.pointerId);
    fingers.set(e.pointerId, e);
  };
  stage.onpointerup = stage.onpointercancel = (e) => fingers.delete(e.pointerId);
  stage.onpointermove = (e) => { // one finger moves the picture, two zoom it
    const before = fingers.get(e.pointerId);
    if (!before) return;
    fingers.set(e.pointerId, e);
    const other = [...fingers.values()].find((f) => f.pointerId !== e.pointerId);
    /** @param {PointerEvent} f */
    const apart = (f) => Math.hypot(f.clientX - other.clientX, f.clientY - other.clientY) || 1;
    if (other) zoom(side * apart(before) / apart(e));
    const width = stage.clientWidth * fingers.size;
    move((e.clientX - before.clientX) / width, (e.clientY - before.clientY) / width);
  };
  stage.addEventListener("wheel", (e) => {
    e.preventDefault();
    zoom(side * Math.exp(e.deltaY / 500));
  }, { passive: false });
  slider.oninput = () => zoom(most * (least / most) ** (Number(slider.value) / 100));

  /** What keys and buttons do: move right, move down, or zoom in. @type {Record<string, number[]>} */
  const acts = {
    ArrowLeft: [-1, 0, 0], ArrowRight: [1, 0, 0], ArrowUp: [0, -1, 0], ArrowDown: [0, 1, 0],
    "+": [0, 0, 1], "=": [0, 0, 1], "-": [0, 0, -1],
  };
  /** @param {string | undefined} key @param {number} times */
  const act = (key, times) => {
    const [right, down, closer] = acts[key ?? ""] ?? [];
    if (closer) zoom(side / 1.15 ** closer);
    else if (right !== undefined) move(right * times / 50, down * times / 50);
    return right !== undefined;
  };
  stage.onkeydown = (e) => { if (act(e.key, e.shiftKey ? 10 : 1)) e.preventDefault(); };
  dialog.onclick = (e) => { act(/** @type {HTMLElement} */ (e.target).dataset.act, 2); };

  return async (file) => {
    picture = await createImageBitmap(file); // upright
    side = most = Math.min(picture.width, picture.height);
    least = Math.min(smallest, most);
    x = (picture.width - side) / 2;
    y = (picture.height - side) / 2;
    draw();
    dialog.returnValue = "";
    dialog.showModal();
    stage.focus();
    await new Promise((closed) => { dialog.onclose = closed; });
    return dialog.returnValue ? scaled(file, picture, x, y, side) : null;
  };
}

/**
 * Scales a large picture down. Its square keeps what the largest crop needs.
 * @param {File} file @param {ImageBitmap} picture @param {number} x @param {number} y @param {number} side
 * @returns {Promise<Choice>}
 */
async function scaled(file, picture, x, y, side) {
  const factor = Math.min(1, Math.max(longest / Math.max(picture.width, picture.height), largest / side));
  const width = Math.round(picture.width * factor), height = Math.round(picture.height * factor);
  side = Math.min(Math.round(side * factor), width, height);
  const crop = [clamp(Math.round(x * factor), 0, width - side), clamp(Math.round(y * factor), 0, height - side), side].join();
  if (factor === 1) return { file, crop };
  const canvas = new OffscreenCanvas(width, height), context = canvas.getContext("2d");
  if (context) context.imageSmoothingQuality = "high";
  context?.drawImage(picture, 0, 0, width, height);
  const type = file.type === "image/jpeg" ? file.type : "image/png";
  return { file: await canvas.convertToBlob({ type, quality: 0.92 }), crop };
}

/**
 * Sends a form with a choice and goes where the answer leads. An error is shown in the form.
 * @param {HTMLFormElement} form @param {Choice} choice @param {string} name of the file
 */
function send(form, { file, crop }, name) {
  const body = new FormData(), request = new XMLHttpRequest(); // fetch does not tell of progress
  const bar = /** @type {HTMLProgressElement} */ (form.querySelector("progress"));
  const status = /** @type {HTMLElement} */ (form.querySelector("[data-failed]"));
  body.set("crop", crop);
  body.set("profile_pic", file, file.type === "image/png" ? name.replace(/(\.[^.]*)?$/, ".png") : name);
  const show = (/** @type {number} */ part, /** @type {string | undefined} */ text) => {
    bar.hidden = Boolean(text);
    bar.value = part;
    status.textContent = text ?? "";
  };
  request.upload.onprogress = (e) => show(e.loaded / e.total, "");
  request.onerror = () => show(0, status.dataset.failed);
  request.onload = () => {
    if (request.status < 400) location.href = request.responseURL;
    else show(0, request.response?.querySelector(".summary li, .summary p")?.textContent ?? status.dataset.failed);
  };
  request.open("POST", form.action);
  request.responseType = "document";
  show(0, "");
  request.send(body);
}

/** @param {HTMLFormElement} form */
function start(form) {
  const field = /** @type {HTMLInputElement} */ (form.querySelector("input[type=file]"));
  const dialog = /** @type {HTMLDialogElement} */ (document.getElementById("crop"));
  const ask = cropper(dialog);
  const take = async (/** @type {File | undefined} */ file) => {
    if (!file || dialog.open) return;
    // What this browser cannot show, the server may read.
    const choice = await ask(file).catch(() => ({ file, crop: "" }));
    if (choice) send(form, choice, file.name);
    field.value = "";
  };
  field.onchange = () => take(field.files?.[0]);
  const area = /** @type {HTMLElement} */ (form.closest("section"));
  area.ondragover = (e) => e.preventDefault();
  area.ondrop = (e) => { e.preventDefault(); take(e.dataTransfer?.files[0]); };
  addEventListener("paste", (e) => take(e.clipboardData?.files[0]));
  form.querySelectorAll("[data-plain]").forEach((button) => button.remove()); // the choice sends it
}

const form = document.querySelector("form[data-crop]");
if (form instanceof HTMLFormElement && window.OffscreenCanvas) start(form);
