// Records, takes or fetches a note, keeps its sound here in the page, and hands it to the server.
// Gradio calls this with `element`, `props` and `trigger`; what result.js needs is in `window.forewarn`.
const note = (window.forewarn = { audio: new Audio(), peaks: null, say });
const find = (name) => element.querySelector(name);
const record = find(".fw-record"), drop = find(".fw-drop"), file = find(".fw-file"), alert = find(".fw-alert");
const LONGEST_DRAWN = 6e6; // bytes; the sound of a longer one would fill the browser's memory
let recorder = null, ticking = 0;

function say(text) {
  find(".fw-say").textContent = text;
}

function complain(text) {
  alert.textContent = text;
}

async function send(blob) {
  complain("");
  trigger("stop"); // the page has room for one note, and its sound for one
  note.audio.pause();
  URL.revokeObjectURL(note.audio.src);
  note.audio.src = URL.createObjectURL(blob);
  note.peaks = peaks(blob);
  if (blob.size > Number(alert.dataset.largest)) return complain(alert.dataset.tooBig);
  const form = new FormData();
  form.append("files", blob, "note");
  try {
    const answer = await fetch("gradio_api/upload", { method: "POST", body: form });
    if (!answer.ok) return complain(answer.status === 413 ? alert.dataset.tooBig : await answer.text());
    props.value = (await answer.json())[0];
    trigger("submit");
  } catch {
    complain(alert.dataset.offline);
  }
}

/** Loudness of the note in equal parts, 0..1, for the drawing; empty where the browser cannot decode it. */
async function peaks(blob) {
  if (blob.size > LONGEST_DRAWN) return [];
  const context = new OfflineAudioContext(1, 1, 8000);
  try {
    const samples = (await context.decodeAudioData(await blob.arrayBuffer())).getChannelData(0);
    const parts = 240, step = samples.length / parts, found = [];
    for (let part = 0; part < parts; part++) {
      let most = 0;
      for (let at = Math.floor(part * step); at < (part + 1) * step; at++) most = Math.max(most, Math.abs(samples[at]));
      found.push(most);
    }
    const loudest = Math.max(...found, 0.01);
    return found.map((peak) => peak / loudest);
  } catch {
    return [];
  }
}

async function start() {
  complain("");
  let stream;
  try {
    stream = await navigator.mediaDevices.getUserMedia({ audio: true });
  } catch {
    return complain(alert.dataset.noMicrophone);
  }
  const parts = [], began = Date.now();
  recorder = new MediaRecorder(stream);
  recorder.ondataavailable = (event) => parts.push(event.data);
  recorder.onstop = () => {
    clearInterval(ticking);
    stream.getTracks().forEach((track) => track.stop());
    show(false);
    send(new Blob(parts, { type: recorder.mimeType }));
    recorder = null;
  };
  recorder.start();
  show(true);
  ticking = setInterval(() => clock(Math.floor((Date.now() - began) / 1000)), 250);
}

function show(recording) {
  record.setAttribute("aria-pressed", recording);
  find(".fw-record-label").textContent = recording ? record.dataset.stop : record.dataset.start;
  if (recording) clock(0);
  else find(".fw-record-clock").textContent = "";
}

function clock(seconds) {
  find(".fw-record-clock").textContent = `${Math.floor(seconds / 60)}:${String(seconds % 60).padStart(2, "0")}`;
}

record.addEventListener("click", () => (recorder ? recorder.stop() : start()));
file.addEventListener("change", () => {
  if (file.files[0]) send(file.files[0]);
  file.value = "";
});
for (const kind of ["dragover", "dragleave", "drop"]) {
  drop.addEventListener(kind, (event) => {
    event.preventDefault();
    drop.classList.toggle("fw-over", kind === "dragover");
    if (kind === "drop" && event.dataTransfer.files[0]) send(event.dataTransfer.files[0]);
  });
}
element.addEventListener("click", async (event) => {
  const sample = event.target.closest(".fw-sample");
  if (!sample) return;
  try {
    send(await (await fetch(`/samples/${sample.dataset.file}`)).blob());
  } catch {
    complain(alert.dataset.offline);
  }
});
