// A slider and an amount that follow each other, and a quote asked for when both have come to rest.
//
// <div data-amount data-decimals="2">
//   <input type="text" data-amount-input>   the amount in major units, as a person writes it
//   <input type="range" data-amount-slider> in minor units
// </div>
// A change is told by an `amount` event that bubbles from the container 250 ms after the last movement:
// hx-trigger="amount" on the container asks the server for the price of what is shown.
const REST = 250;

function parse(text, decimals) {
  const clean = text.replace(/[^\d.]/g, "");
  if (!/^\d+(\.\d*)?$/.test(clean)) return null;
  const [whole, part = ""] = clean.split(".");
  if (part.length > decimals) return null;
  return Number(whole + part.padEnd(decimals, "0"));
}

function write(minor, decimals) {
  const digits = String(minor).padStart(decimals + 1, "0");
  const whole = digits.slice(0, digits.length - decimals).replace(/\B(?=(\d{3})+$)/g, ",");
  return decimals ? `${whole}.${digits.slice(-decimals)}` : whole;
}

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
    const minor = parse(input.value, decimals);
    if (minor === null) return;
    slider.value = String(minor);
  } else {
    return;
  }
  slider.setAttribute("aria-valuetext", input.value);
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
