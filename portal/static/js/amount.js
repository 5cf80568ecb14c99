// A slider and an amount that follow each other, and a quote asked for when both have come to rest.
//
// <div data-amount data-decimals="2">
//   <input type="text" data-amount-input>   the amount in major units, as a person writes it
//   <input type="range" data-amount-slider> in minor units
// </div>
// A change is told by an `amount` event that bubbles from the container 250 ms after the last movement:
// hx-trigger="amount" on the container asks the server for the price of what is shown.
const REST = 250;

// As the server reads it (workspaces/supplier/forms.py): what could be read in two ways is not an amount.
const WITH_POINT = /^(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d*)?$/;
const WITH_COMMA = /^(?:(?:\d{1,3}(?:\.\d{3})+|\d+),(?:\d{1,2}|\d{4,})|\d{1,3}(?:\.\d{3})+,\d+)$/;

function parse(text, decimals) {
  let written = text.replace(/[\s'’]/g, "");
  if (WITH_COMMA.test(written)) written = written.replaceAll(".", "").replace(",", ".");
  else if (WITH_POINT.test(written)) written = written.replaceAll(",", "");
  else return null;
  const [whole, part = ""] = written.split(".");
  if (part.length > decimals) return null;
  const minor = Number(whole + part.padEnd(decimals, "0"));
  return Number.isSafeInteger(minor) ? minor : null;
}

function write(minor, decimals) {
  const digits = String(minor).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals ? `${whole}.${digits.slice(-decimals)}` : whole;
}

// The answer of what it costs says whether it is to be had (data-amount-refused): and what is not, is not asked for until
// another amount is entered. Without script the server says no once more.
function mark(box, isRefused) {
  const input = box.querySelector("[data-amount-input]");
  input.classList.toggle("is-invalid", isRefused);
  input.setAttribute("aria-invalid", String(isRefused));
  const button = input.form?.querySelector("[type=submit]");
  if (button) button.disabled = isRefused;
}

function answered() {
  document.querySelectorAll("form [data-amount]").forEach((box) => {
    mark(box, !!box.closest("form").querySelector("[data-amount-refused]"));
  });
}

answered();
document.addEventListener("htmx:after:swap", answered);

const waiting = new WeakMap();

document.addEventListener("input", (event) => {
  const box = event.target.closest("[data-amount]");
  if (!box) return;
  const decimals = Number(box.dataset.decimals ?? 2);
  const input = box.querySelector("[data-amount-input]");
  const slider = box.querySelector("[data-amount-slider]");
  if (event.target === slider) {
    input.value = write(Number(slider.value), decimals);
  } else if (event.target === input) {
    // What is no amount is asked about all the same: the answer says so, where the last price would still stand.
    const minor = parse(input.value, decimals);
    if (minor !== null && slider) slider.value = String(minor);
  } else {
    return;
  }
  slider?.setAttribute("aria-valuetext", write(Number(slider.value), decimals));
  mark(box, false);
  clearTimeout(waiting.get(box));
  waiting.set(box, setTimeout(() => box.dispatchEvent(new CustomEvent("amount", { bubbles: true })), REST));
});

// Once it is left, the amount is written out with its thousands.
document.addEventListener("change", (event) => {
  const input = event.target.closest("[data-amount-input]");
  const box = input?.closest("[data-amount]");
  if (!box) return;
  const decimals = Number(box.dataset.decimals ?? 2);
  const minor = parse(input.value, decimals);
  if (minor !== null) input.value = write(minor, decimals);
});
