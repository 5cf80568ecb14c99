// The palette: Ctrl-K, Cmd-K or [data-palette-open] opens <dialog id="palette">; what is typed is looked for at once.
//
// The input keeps the focus and names the option that Enter takes by aria-activedescendant; options are links, or
// buttons that post or do something on the page.
const REST = 110;
const dialog = document.getElementById("palette");
const input = dialog?.querySelector("input[role=combobox]");
const body = dialog?.querySelector("[data-palette-body]");
const voice = document.createElement("div");
let timer = null;
let asking = null;

const options = () => [...body.querySelectorAll("[role=option]:not([aria-disabled])")];
const current = () => body.querySelector("[role=option][aria-selected=true]");

function mark(option) {
  current()?.setAttribute("aria-selected", "false");
  if (!option) { input.removeAttribute("aria-activedescendant"); return; }
  option.setAttribute("aria-selected", "true");
  input.setAttribute("aria-activedescendant", option.id);
  option.scrollIntoView({ block: "nearest" });
}

async function ask() {
  asking?.abort();
  asking = new AbortController();
  const address = `${dialog.dataset.palette}?q=${encodeURIComponent(input.value.trim())}`;
  try {
    const answer = await fetch(address, { headers: { "X-Palette": "1" }, credentials: "same-origin", signal: asking.signal });
    if (!answer.ok || answer.redirected) { location.assign(address); return; }
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    const list = document.importNode(page.getElementById("palette-list"), true);
    body.replaceChildren(list);
    body.scrollTop = 0;
    mark(options()[0]);
    voice.textContent = list.dataset.count;
  } catch (problem) {
    if (problem.name !== "AbortError") throw problem;
  }
}

function open() {
  if (dialog.open) { dialog.close(); return; }
  dialog.showModal();
  input.select();
  ask();
}

function move(by) {
  const all = options();
  if (all.length) mark(all[(all.indexOf(current()) + by + all.length) % all.length]);
}

function press(event) {
  if (event.isComposing) return;
  const all = options();
  const moves = { ArrowDown: () => move(1), ArrowUp: () => move(-1), PageDown: () => move(6), PageUp: () => move(-6) };
  if (moves[event.key] && all.length) {
    event.preventDefault();
    moves[event.key]();
  } else if (event.key === "Enter") {
    event.preventDefault();
    const chosen = current();
    if (event.ctrlKey || event.metaKey) window.open(chosen?.href, "_blank", "noopener");
    else chosen?.click();
  }
}

if (dialog) {
  voice.className = "visually-hidden";
  voice.setAttribute("role", "status");
  dialog.append(voice);
  document.addEventListener("keydown", (event) => {
    if (event.key.toLowerCase() !== "k" || !(event.ctrlKey || event.metaKey) || event.altKey || event.shiftKey) return;
    event.preventDefault();
    open();
  });
  document.addEventListener("click", (event) => {
    if (!event.target.closest("[data-palette-open]")) return;
    event.preventDefault();
    document.querySelectorAll("dialog[open]").forEach((other) => other.close());
    open();
  });
  input.addEventListener("keydown", press);
  input.addEventListener("input", () => { clearTimeout(timer); timer = setTimeout(ask, REST); });
  body.addEventListener("pointermove", (event) => {
    const over = event.target.closest("[role=option]:not([aria-disabled])");
    if (over && over !== current()) mark(over);
  });
  // What does something on this page has done it: the palette gives way.
  body.addEventListener("click", (event) => { if (event.target.closest("button[type=button]")) dialog.close(); });
  const key = /Mac|iPhone|iPad/.test(navigator.platform) ? "⌘K" : "Ctrl K";
  document.querySelectorAll("[data-palette-key]").forEach((each) => { each.textContent = key; });
}
