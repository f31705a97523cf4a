// Brings a drawn verdict to life: the waveform in the colours of its moments, and playing from any place in it.
const audio = () => window.forewarn.audio;
const find = (name) => element.querySelector(name);
const seconds = (at) => `${Math.floor(at / 60)}:${String(Math.floor(at % 60)).padStart(2, "0")}`;
const length = () => Number(find(".fw-player")?.dataset.duration);
let followed = null;

watch("value", () => {
  const said = find("[data-say]");
  if (!said) return;
  window.forewarn.say(said.dataset.say);
  if (!find(".fw-player")) return;
  follow();
  window.forewarn.peaks.then(draw);
  element.scrollIntoView({ behavior: "smooth", block: "nearest" });
});

function follow() {
  if (followed === audio()) return show();
  followed = audio();
  for (const event of ["play", "pause", "ended", "seeked", "timeupdate"]) followed.addEventListener(event, show);
  new ResizeObserver(() => window.forewarn.peaks?.then(draw)).observe(element);
  show();
}

function show() {
  const play = find(".fw-play");
  if (!play) return;
  const playing = !audio().paused;
  play.setAttribute("aria-label", playing ? play.dataset.pause : play.dataset.play);
  play.classList.toggle("fw-playing", playing);
  find(".fw-seek").value = audio().currentTime;
  find(".fw-clock").textContent = playing || audio().currentTime ? seconds(audio().currentTime) : seconds(length());
  window.forewarn.peaks.then(draw);
  if (playing) requestAnimationFrame(show);
}

function draw(peaks) {
  const canvas = find(".fw-wave");
  if (!canvas) return;
  const ratio = window.devicePixelRatio, width = canvas.clientWidth, height = canvas.clientHeight;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext("2d"), bars = Math.max(1, Math.floor(width / 5));
  pen.scale(ratio, ratio);
  const moments = [...element.querySelectorAll(".fw-timeline button")].map((button) => ({
    from: Number(button.dataset.at), to: Number(button.dataset.to),
    colour: getComputedStyle(button).getPropertyValue("--tone"),
  }));
  const silent = getComputedStyle(canvas).getPropertyValue("--fw-faint");
  for (let bar = 0; bar < bars; bar++) {
    const at = (bar / bars) * length();
    const peak = peaks.length ? peaks[Math.floor((bar / bars) * peaks.length)] : 0.15;
    const tall = Math.max(3, peak * height);
    pen.fillStyle = moments.find((moment) => moment.from <= at && at < moment.to)?.colour || silent;
    pen.globalAlpha = at <= audio().currentTime || !audio().currentTime ? 1 : 0.4;
    pen.beginPath();
    pen.roundRect(bar * 5 + 1, (height - tall) / 2, 3, tall, 1.5);
    pen.fill();
  }
}

function play(at) {
  audio().currentTime = at;
  audio().play();
}

element.addEventListener("click", (event) => {
  const moment = event.target.closest(".fw-timeline button, .fw-words [data-at]");
  if (event.target.closest(".fw-stop")) trigger("stop");
  else if (moment) play(Number(moment.dataset.at));
  else if (event.target.closest(".fw-inside")) lookInside(find(".fw-words blockquote").innerText.trim());
  else if (event.target.closest(".fw-play")) audio().paused ? audio().play() : audio().pause();
});
element.addEventListener("input", (event) => {
  if (event.target.matches(".fw-seek")) audio().currentTime = Number(event.target.value);
});

/** Opens the second tab, which Gradio builds only then, with these words in its field. */
function lookInside(words) {
  document.querySelectorAll("button[role=tab]")[1].click();
  const fill = () => {
    const field = document.querySelector("#fw-sentence textarea, #fw-sentence input");
    if (!field) return requestAnimationFrame(fill);
    Object.getOwnPropertyDescriptor(Object.getPrototypeOf(field), "value").set.call(field, words.slice(0, field.maxLength));
    field.dispatchEvent(new Event("input", { bubbles: true }));
    field.focus();
  };
  fill();
}
