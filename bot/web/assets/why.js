// A press on a small map chooses that head: it moves the slider, and Gradio draws the rest.
element.addEventListener("click", (event) => {
  const button = event.target.closest("[data-head]");
  const number = document.querySelector("#fw-head input[type=number]");
  if (!button || !number) return;
  Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, "value").set.call(number, button.dataset.head);
  for (const happened of ["input", "change", "blur"]) number.dispatchEvent(new Event(happened, { bubbles: true }));
});
