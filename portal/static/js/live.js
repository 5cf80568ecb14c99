// News by server-sent events: what is named by data-live is fetched anew when its subject moves, and the live mark
// tells when no news arrives.
//
// <div id="facts" data-live="advances.advance:42 receivables.receivable">   (one advance, any receivable; "*": any news)
// portal/live.py tells `news` with {name, subject_type, subject_id, at}, `reload` where too much was missed, and
// `notices` (data-live="notices") where somebody was told something.
// The page itself is asked for (or data-live-url) and each element is replaced by its namesake, by id; not where a person
// has typed something that is not sent yet, or reads there why it was refused.
const QUIET = 120;
const STEP = 220;
const still = matchMedia("(prefers-reduced-motion: reduce)");
const shownAt = new Map(); // id of a timeline -> when each of its steps comes into sight
const marks = () => document.querySelectorAll("[data-live-mark]");
const isAnswer = () => "answer" in document.body.dataset; // to a form that was refused
let pending = new Set();
let timer = null;
let wasCut = false;
let pause = 1500;
let wasOpen = false;
let cutAt = 0;

function show(state) {
  marks().forEach((mark) => {
    if (mark.dataset.state === state) return;
    mark.dataset.state = state;
    mark.querySelector(".live-text").textContent = mark.dataset[state];
  });
}

function concerned(element) {
  const subjects = element.dataset.live.split(/\s+/);
  const isNews = [...pending].some((subject) => subject !== "notices");
  return (subjects.includes("*") && isNews) || pending.has("*") || subjects.some((subject) => pending.has(subject));
}

function changed(field) {
  if (field.type === "hidden") return false;
  if (field.type === "checkbox" || field.type === "radio") return field.checked !== field.defaultChecked;
  if (!field.options) return field.value !== field.defaultValue;
  const usual = [...field.options].findLastIndex((each) => each.defaultSelected);
  return !field.multiple && field.selectedIndex !== Math.max(usual, 0);
}

function busy(element) {
  // What a person is typing, or has typed and not sent, is not taken from under their hands.
  const here = document.activeElement;
  if (element.contains(here) && here.matches("input, textarea, select")) return true;
  // (An amount that is only tried out gives way to what can be had by now.)
  const fields = [...element.querySelectorAll("form[method=post] :is(input, textarea, select)")]
    .filter((field) => !field.closest("[data-amount]"));
  return fields.some(changed) || (isAnswer() && fields.length > 0 && !!element.querySelector(".is-invalid, .problem"));
}

// Several steps are often told at once: on a timeline that goes on they come into sight one after the other.
function arrive(before, node) {
  const lists = node.matches(".timeline-list") ? [node] : node.querySelectorAll(".timeline-list[id]");
  lists.forEach((list) => {
    const old = before.id === list.id ? before : before.querySelector(`#${CSS.escape(list.id)}`);
    if (!old || still.matches || !list.lastElementChild?.matches(".timeline-now")) return;
    const known = old.querySelectorAll(".timeline-item:not(.timeline-none)").length;
    const times = shownAt.get(list.id) ?? [];
    const now = performance.now();
    let next = Math.max(now, ...times.slice(-1).map((last) => last + STEP));
    [...list.children].forEach((item, at) => {
      if (at >= known && times[at] === undefined) { times[at] = next; next += STEP; }
      if (!(times[at] > now - STEP)) return;
      item.animate([{ opacity: 0, translate: "0 0.5rem" }, { opacity: 1, translate: "0" }],
        { duration: STEP * 1.5, delay: times[at] - now, fill: "backwards", easing: "ease-out" });
    });
    shownAt.set(list.id, times);
  });
}

function replace(page, element) {
  const fresh = page.getElementById(element.id);
  if (!fresh) return;
  element.classList.remove("renewed");
  if (!element.classList.length && !fresh.hasAttribute("class")) element.removeAttribute("class");
  // What a person has opened stays open.
  element.querySelectorAll("details[open][id]").forEach((each) => fresh.querySelector(`#${CSS.escape(each.id)}`)?.setAttribute("open", ""));
  if (fresh.isEqualNode(element) || busy(element)) return;
  const focused = element.contains(document.activeElement) ? document.activeElement.id : "";
  const opened = element.querySelector(":popover-open")?.id;
  const node = document.importNode(fresh, true);
  node.classList.add("renewed");
  element.replaceWith(node);
  arrive(element, node);
  window.htmx?.process(node);
  if (focused) document.getElementById(focused)?.focus();
  // What somebody has opened to read stays open.
  if (opened) node.querySelector(`[popovertarget="${CSS.escape(opened)}"]`)?.click();
  node.dispatchEvent(new CustomEvent("renewed", { bubbles: true }));
}

async function ask(address) {
  const get = (from) => fetch(from, { headers: { "X-Live": "1" }, credentials: "same-origin" });
  let [answer, above] = [await get(address), new URL(address, location.href)];
  // A form's address takes forms only, or leads back to the page that the form stands on.
  while (isAnswer() && answer.status === 405 && above.pathname !== "/") {
    above = new URL("..", above);
    answer = await get(above);
  }
  return answer.ok && (isAnswer() || !answer.redirected) ? answer.text() : null;
}

async function renew() {
  timer = null;
  const elements = [...document.querySelectorAll("[data-live]")].filter((e) => e.id && concerned(e));
  pending = new Set();
  const byAddress = Map.groupBy
    ? Map.groupBy(elements, (e) => e.dataset.liveUrl || location.href)
    : elements.reduce((m, e) => m.set(e.dataset.liveUrl || location.href,
      [...(m.get(e.dataset.liveUrl || location.href) || []), e]), new Map());
  for (const [address, group] of byAddress) {
    try {
      const text = await ask(address);
      if (text === null) continue;
      const page = new DOMParser().parseFromString(text, "text/html");
      group.forEach((element) => replace(page, element));
    } catch { /* the next news, or the reconnection, tries again */ }
  }
}

function expect(...subjects) {
  subjects.forEach((subject) => pending.add(subject));
  timer ??= setTimeout(renew, QUIET);
}

function read(message) {
  const news = JSON.parse(message.data);
  expect(news.subject_type, `${news.subject_type}:${news.subject_id}`);
  document.dispatchEvent(new CustomEvent("news", { detail: news }));
}

// When the session has ended, here or in another window, nothing of it stays on the screen: nor where the portal could
// not be asked for as long as a session lives that nobody uses.
function clear() {
  document.body.replaceChildren();
  location.replace(location.pathname + location.search); // asked for anew: what was posted is not posted again
}

async function ended() {
  try {
    return (await fetch("/live/", { method: "HEAD", credentials: "same-origin" })).status === 401;
  } catch {
    return performance.now() - cutAt > Number(document.body.dataset.idleSeconds) * 1000;
  }
}

function connect() {
  // What happened since the page was made is told first: between the two there may be seconds.
  const source = new EventSource(`/live/?from=${encodeURIComponent(document.body.dataset.newsFrom ?? "")}`);
  source.addEventListener("open", () => {
    show("connected");
    // While it was cut, anything may have happened.
    if (wasCut) expect("*");
    [wasCut, wasOpen] = [false, true];
    pause = 1500;
  });
  source.addEventListener("news", read);
  source.addEventListener("notices", () => expect("notices"));
  source.addEventListener("reload", () => expect("*"));
  source.addEventListener("error", async () => {
    if (!wasCut) cutAt = performance.now();
    wasCut = true;
    show("cut");
    if (wasOpen && await ended()) return clear();
    // The browser reconnects by itself unless the answer was no stream at all (a restart behind a proxy, no place left):
    // then later each time, and not all of them at once.
    if (source.readyState !== EventSource.CLOSED) return;
    pause = Math.min(pause * 2, 30000);
    setTimeout(connect, pause * (0.75 + Math.random() / 2));
  });
  addEventListener("pagehide", () => source.close(), { once: true });
}

if (marks().length) connect();
addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
