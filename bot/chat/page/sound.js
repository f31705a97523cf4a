// Notes: what they look like, playing them, recording them. One plays at a time.

export const BARS = 36;
const RATE = 16_000;
const player = new Audio();
let playing = null;

/** `{seconds, bars}` of a note, bars from 0 to 1. Throws if the browser cannot read it. */
export async function looked(data) {
  const sound = await new OfflineAudioContext(1, 1, RATE).decodeAudioData(await data.arrayBuffer());
  const samples = sound.getChannelData(0), step = samples.length / BARS;
  const bars = Array.from({ length: BARS }, (_, bar) => {
    let loudest = 0;
    for (let at = Math.floor(bar * step); at < (bar + 1) * step; at += 4) loudest = Math.max(loudest, Math.abs(samples[at] ?? 0));
    return loudest;
  });
  const peak = Math.max(...bars, 1e-6);
  return { seconds: sound.duration, bars: bars.map((bar) => bar / peak) };
}

export const clock = (seconds) => `${Math.floor(seconds / 60)}:${String(Math.floor(seconds % 60)).padStart(2, "0")}`;

/** A player. `file`: as the server describes it; `get`: its content as a Blob; `act` has `t` and `icon`. */
export function voice(file, get, act) {
  const whole = document.createElement("div"), button = act.icon("play", "button");
  const wave = document.createElement("div"), length = document.createElement("span");
  const seek = Object.assign(document.createElement("input"), { type: "range", min: 0, max: 1000, value: 0 });
  const bars = Array.from({ length: BARS }, () => document.createElement("i"));
  whole.className = "voice";
  wave.className = "wave";
  length.className = "length";
  button.setAttribute("aria-label", act.t("play"));
  seek.setAttribute("aria-label", act.t("position"));
  wave.append(...bars, seek);
  whole.append(button, wave, length);
  let seconds = file.duration, url = null, blob = null;
  const show = (share, on) => {
    bars.forEach((bar, at) => bar.classList.toggle("heard", share > 0 && at / BARS <= share));
    seek.value = Math.round(share * 1000);
    seek.setAttribute("aria-valuetext", clock(share * seconds));
    length.textContent = clock(on || share > 0 ? share * seconds : seconds);
    act.redraw(button, on ? "pause" : "play");
    button.setAttribute("aria-label", act.t(on ? "pause" : "play"));
  };
  const fetched = get().then(async (data) => {
    blob = data;
    const seen = await looked(data);
    seconds = seen.seconds;
    bars.forEach((bar, at) => { bar.style.height = `${Math.max(3, Math.round(26 * seen.bars[at]))}px`; });
    show(0, false);
  }).catch(() => {}); // not everything that is sent can be played
  const start = async (from) => {
    await fetched;
    if (!blob) return;
    url ??= URL.createObjectURL(blob);
    if (playing?.whole !== whole) {
      playing?.stop();
      playing = { whole, stop: () => { player.pause(); show(0, false); } };
      player.src = url;
    }
    if (from !== undefined) player.currentTime = from;
    player.ontimeupdate = () => show(Math.min(1, player.currentTime / seconds), !player.paused);
    player.onended = () => { playing = null; show(0, false); };
    await player.play();
  };
  button.addEventListener("click", () => {
    if (playing?.whole === whole && !player.paused) player.pause(), show(player.currentTime / seconds, false);
    else start();
  });
  seek.addEventListener("input", () => start((seek.value / 1000) * seconds));
  show(0, false);
  return whole;
}

const FORMATS = ["audio/ogg;codecs=opus", "audio/webm;codecs=opus", "audio/mp4"];

/** Listens to the microphone; `level` is called with 0..1. Throws where there is no microphone. */
export class Recorder {
  static async open(level) {
    const stream = await navigator.mediaDevices.getUserMedia({ audio: true });
    return new Recorder(stream, level);
  }
  constructor(stream, level) {
    this.stream = stream;
    this.began = performance.now();
    this.parts = [];
    const mimeType = FORMATS.find((format) => MediaRecorder.isTypeSupported(format));
    this.recorder = new MediaRecorder(stream, { mimeType, audioBitsPerSecond: 32_000 });
    this.recorder.ondataavailable = (event) => this.parts.push(event.data);
    this.recorder.start(1000);
    this.context = new AudioContext();
    const meter = this.context.createAnalyser(), wave = new Uint8Array(512);
    this.context.createMediaStreamSource(stream).connect(meter);
    const look = () => {
      if (this.recorder.state !== "recording") return;
      meter.getByteTimeDomainData(wave);
      level(Math.min(1, (Math.max(...wave) - 128) / 100), this.seconds);
      requestAnimationFrame(look);
    };
    look();
  }
  get seconds() { return (performance.now() - this.began) / 1000; }
  /** The recording as a Blob. */
  async stop() {
    const seconds = this.seconds;
    await new Promise((done) => { this.recorder.onstop = done; this.recorder.stop(); });
    this.stream.getTracks().forEach((track) => track.stop());
    await this.context.close();
    return { seconds, data: new Blob(this.parts, { type: this.recorder.mimeType.split(";")[0] }) };
  }
}
