// [data-copy]: puts its value on the clipboard and says so, to the eye and to screen readers.
const voice = document.createElement("div");
voice.className = "visually-hidden";
voice.setAttribute("role", "status");
document.body.append(voice);

document.addEventListener("click", async (event) => {
  const button = event.target.closest("[data-copy]");
  if (!button) return;
  event.preventDefault();
  try {
    await navigator.clipboard.writeText(button.dataset.copy);
  } catch {
    // No clipboard without https or permission: select the text, so that the keyboard can copy it.
    const text = button.parentElement.querySelector("code");
    if (text) getSelection().selectAllChildren(text);
    return;
  }
  button.classList.add("copied");
  voice.textContent = button.dataset.copied || "";
  setTimeout(() => { button.classList.remove("copied"); voice.textContent = ""; }, 1600);
});
