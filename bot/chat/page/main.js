// The page: one socket to the server, which sends each piece of what is to be seen, now and whenever it changes.

import { drawn, summary } from "./message.js";
import { Recorder, clock, looked } from "./sound.js";

const $ = (id) => document.getElementById(id);
const LARGEST = 20 * 2 ** 20; // bytes that Telegram lets a bot fetch; of a larger file only the size is sent
const TYPING_SECONDS = 5;
const KEY = "forewarn-visit", SHORT_FILE_MEMORY = 64;
const FACES = { bot: ["#5eb5f0", "#2f7fd0"], friend: ["#f6b26b", "#d9743a"], group: ["#8fd08a", "#3f9a5a"] };

let scene = null, socket = null, recorder = null, retry = 500;
let here = "bot", replyTo = null, typing = {};
const by = { bot: "you", friend: "you", group: "you" };
const rooms = { bot: new Map(), friend: new Map(), group: new Map() }; // number → message
const nodes = new Map(); // "chat/number" → node
const drafts = {}, unread = { bot: new Set(), friend: new Set(), group: new Set() };
const files = new Map();

const t = (name) => scene?.texts[name] ?? "";
const send = (act) => socket?.readyState === WebSocket.OPEN && socket.send(JSON.stringify(act));
const visit = () => new URLSearchParams({ visit: sessionStorage.getItem(KEY) ?? "" });

const act = {
  t,
  icon(name, tag = "span") {
    const node = document.createElement(tag);
    if (tag === "button") node.type = "button";
    act.redraw(node, name);
    return node;
  },
  redraw(node, name) {
    if (node.dataset.icon === name) return;
    node.dataset.icon = name;
    const svg = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    const use = document.createElementNS("http://www.w3.org/2000/svg", "use");
    svg.setAttribute("aria-hidden", "true");
    use.setAttribute("href", `icons.svg#${name}`);
    svg.append(use);
    node.replaceChildren(svg);
  },
  time: (date) => new Date(date * 1000).toLocaleTimeString(scene.language, { hour: "2-digit", minute: "2-digit" }),
  async copy(text) {
    await navigator.clipboard?.writeText(text);
    toast(t("copied"));
  },
  say: (text) => say(text),
  press(message, row, column, key) {
    key.setAttribute("aria-busy", "true");
    setTimeout(() => key.removeAttribute("aria-busy"), 1500);
    send({ act: "press", chat: message.chat, message: message.id, by: by[message.chat], row, column });
  },
  /** Links to the bot stay on the page. */
  follow(url, event) {
    const found = url.match(/^https?:\/\/t\.me\/(\w+)(?:\?start=([\w-]+))?$/);
    if (found?.[1] !== scene.bot.username) return;
    event.preventDefault();
    open("bot");
    say(`/start ${found[2] ?? ""}`.trim());
  },
  show(number) {
    const node = nodes.get(`${here}/${number}`);
    node?.scrollIntoView({ block: "center", behavior: "smooth" });
    node?.animate([{ background: "color-mix(in srgb, var(--accent) 35%, transparent)" }, {}], 1200);
  },
  file(file) {
    if (!files.has(file.id)) {
      if (files.size >= SHORT_FILE_MEMORY) files.delete(files.keys().next().value);
      files.set(file.id, fetch(`files/${file.id}?${visit()}`).then(async (answer) => {
        if (!answer.ok) throw new Error(answer.status);
        return new Blob([await answer.arrayBuffer()], { type: file.mime });
      }));
    }
    return files.get(file.id);
  },
};

// --- what the server says

function connect() {
  const where = new URL("socket", location.href);
  where.protocol = where.protocol.replace("http", "ws");
  const asked = visit();
  asked.set("language", localStorage.getItem("language") ?? navigator.language);
  where.search = asked;
  socket = new WebSocket(where);
  socket.onmessage = ({ data }) => { retry = 500; take(JSON.parse(data)); };
  socket.onclose = () => {
    toast(t("offline"));
    setTimeout(connect, retry = Math.min(2 * retry, 8000));
  };
}

function take(piece) {
  switch (piece.type) {
    case "scene": return setScene(piece);
    case "message": return put(piece);
    case "gone": return drop(piece);
    case "answer": return piece.alert ? alarm(piece.text) : piece.text && toast(piece.text);
    case "doing": return doing(piece.chat);
  }
}

function setScene(now) {
  const fresh = scene?.key !== now.key, other = scene?.language !== now.language;
  scene = now;
  if (fresh) {
    sessionStorage.setItem(KEY, now.key);
    for (const room of Object.values(rooms)) room.clear();
    for (const node of nodes.values()) node.remove();
    nodes.clear();
    $("log").replaceChildren();
  }
  document.documentElement.lang = now.language;
  document.title = `forewarn · ${t("title")}`;
  for (const node of document.querySelectorAll("[data-text]")) node.textContent = t(node.dataset.text);
  for (const node of document.querySelectorAll("[data-label]")) {
    node.setAttribute("aria-label", t(node.dataset.label));
    if (node.classList.contains("icon")) node.title = t(node.dataset.label);
  }
  for (const node of document.querySelectorAll("[data-placeholder]")) node.placeholder = t(node.dataset.placeholder);
  $("language").replaceChildren(...now.languages.map(([code, name]) => new Option(name, code, false, code === now.language)));
  $("samples").querySelector("ul").replaceChildren(...now.samples.map(sample));
  listChats();
  if (fresh || other) open(here);
  else furnish();
  suggest(); // the bot publishes its commands when it is ready
}

function put(message) {
  const room = rooms[message.chat], isNew = !room.has(message.id);
  room.set(message.id, message);
  if (isNew && message.by === "bot") {
    typing[message.chat] = 0;
    if (message.chat !== here) unread[message.chat].add(message.id);
  }
  const key = `${message.chat}/${message.id}`, old = nodes.get(key);
  const node = withTools(drawn(message, room.get(message.reply_to), act), message);
  nodes.set(key, node);
  if (old) {
    node.classList.add("still");
    if (keepFocus(old, node)) return;
    old.replaceWith(node);
  } else if (message.chat === here) {
    const log = $("log"), low = atEnd();
    log.append(node);
    if (low || message.by === "you") toEnd();
  }
  furnish();
  listChats();
}

/** A button of a message that edits itself stays under the finger: the button in its place gets the focus. */
function keepFocus(old, node) {
  const at = [...old.querySelectorAll("button")].indexOf(document.activeElement), low = atEnd();
  old.replaceWith(node);
  if (at >= 0) ([...node.querySelectorAll("button")][at] ?? $("text")).focus({ preventScroll: true });
  if (low) toEnd();
  return true;
}

function drop({ chat, id }) {
  const node = nodes.get(`${chat}/${id}`);
  if (node?.contains(document.activeElement)) $("text").focus({ preventScroll: true });
  rooms[chat].delete(id);
  unread[chat].delete(id);
  nodes.delete(`${chat}/${id}`);
  node?.remove();
  furnish();
  listChats();
}

function doing(chat) {
  typing[chat] = Date.now() + 1000 * TYPING_SECONDS;
  setTimeout(furnish, 1000 * TYPING_SECONDS + 50);
  furnish();
}

// --- what is to be seen

function listChats() {
  const tabs = scene.chats.map(({ key, title }) => {
    const tab = document.createElement("button"), last = [...rooms[key].values()].at(-1);
    const words = document.createElement("span"), name = document.createElement("b"), line = document.createElement("small");
    tab.type = "button";
    tab.id = `tab-${key}`;
    tab.setAttribute("role", "tab");
    tab.setAttribute("aria-selected", key === here);
    tab.setAttribute("aria-controls", "room");
    tab.tabIndex = key === here ? 0 : -1;
    name.textContent = title;
    line.textContent = last ? last.event ?? summary(last, act) : about(key);
    words.append(name, line);
    tab.append(face(key, title), words);
    if (unread[key].size) tab.append(Object.assign(document.createElement("em"), { textContent: unread[key].size }));
    tab.addEventListener("click", () => open(key));
    return tab;
  });
  const focused = document.activeElement?.id;
  $("chats").replaceChildren(...tabs);
  if (focused?.startsWith("tab-")) $(focused)?.focus();
}

$("chats").addEventListener("keydown", (event) => {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  event.preventDefault();
  const keys = scene.chats.map((chat) => chat.key);
  open(keys[(keys.indexOf(here) + step + keys.length) % keys.length]);
  $(`tab-${here}`).focus();
});

function face(key, title) {
  const node = document.createElement("span");
  node.className = "avatar";
  node.setAttribute("aria-hidden", "true");
  node.style.background = `linear-gradient(${FACES[key].join(",")})`;
  if (key === "bot") node.append(Object.assign(document.createElement("img"), { src: "icon.svg", alt: "" }));
  else node.textContent = title.slice(0, 1);
  return node;
}

const about = (key) => t(`about-${key === "friend" && scene.connected ? "connected" : key}`);
const chat = () => scene.chats.find(({ key }) => key === here);

function open(key) {
  drafts[here] = $("text").value;
  here = key;
  unread[key].clear();
  setReply(null);
  $("text").value = drafts[key] ?? "";
  $("room").setAttribute("aria-labelledby", `tab-${key}`);
  // No announcement of what was said before.
  $("log").setAttribute("aria-live", "off");
  for (const [number, message] of rooms[key]) {
    const made = withTools(drawn(message, rooms[key].get(message.reply_to), act), message);
    made.classList.add("still");
    nodes.set(`${key}/${number}`, made);
  }
  $("log").replaceChildren(...[...rooms[key].keys()].map((number) => nodes.get(`${key}/${number}`)));
  requestAnimationFrame(() => $("log").setAttribute("aria-live", "polite"));
  listChats();
  furnish();
  grow();
  toEnd();
}

/** All around the messages. */
function furnish() {
  const { title, speakers, key } = chat();
  $("name").textContent = title;
  $("face").replaceWith(Object.assign(face(key, title), { id: "face" }));
  const busy = (typing[key] ?? 0) > Date.now();
  const said = busy ? t("typing") : about(key);
  if ($("about").textContent !== said) $("about").textContent = said;
  $("about").classList.toggle("typing", busy);
  $("hint").textContent = t(`hint-${key === "friend" && scene.connected ? "connected" : key}`);
  $("connect").hidden = key !== "friend";
  $("connect").textContent = t(scene.connected ? "disconnect" : "connect");
  $("connect").setAttribute("aria-pressed", scene.connected);
  $("speakers").hidden = speakers.length < 2;
  const choices = $("speakers").querySelector("div");
  if (choices.dataset.of !== `${key}${scene.language}`) {
    choices.dataset.of = `${key}${scene.language}`;
    choices.replaceChildren(...speakers.map(speaker));
  }
  const fresh = key === "bot" && ![...rooms.bot.values()].some((message) => message.by === "you");
  $("start").hidden = !fresh;
  $("log").classList.toggle("empty", rooms[key].size === 0);
  $("log").dataset.about = rooms[key].size === 0 && key === "bot" ? scene.about : "";
}

function speaker(who) {
  const label = document.createElement("label"), name = document.createElement("span");
  const radio = Object.assign(document.createElement("input"), { type: "radio", name: "by", value: who, checked: by[here] === who });
  radio.addEventListener("change", () => { by[here] = who; });
  name.textContent = scene.people[who];
  label.append(radio, name);
  return label;
}

function withTools(node, message) {
  if (message.event) return node;
  const tools = document.createElement("div");
  tools.className = "tools";
  const add = (icon, label, todo) => {
    const button = act.icon(icon, "button");
    button.className = "icon";
    button.title = t(label);
    button.setAttribute("aria-label", t(label));
    button.addEventListener("click", todo);
    tools.append(button);
  };
  add("reply", "reply", () => setReply(message));
  if (message.chat !== "bot") {
    add("forward", "forward", () => {
      send({ act: "forward", chat: message.chat, message: message.id });
      open("bot");
    });
  }
  node.append(tools);
  return node;
}

const atEnd = () => $("log").scrollHeight - $("log").scrollTop - $("log").clientHeight < 120;
const toEnd = () => { $("log").scrollTop = $("log").scrollHeight; };
new ResizeObserver(() => atEnd() && toEnd()).observe($("log"));

function toast(text) {
  if (!text) return;
  $("toast").textContent = text;
  $("toast").classList.add("shown");
  clearTimeout(toast.timer);
  toast.timer = setTimeout(() => $("toast").classList.remove("shown"), Math.max(3500, 60 * text.length));
}

function alarm(text) {
  $("alert-text").textContent = text;
  $("alert").showModal();
}

// --- what the visitor does

const place = () => {
  const placed = { chat: here, by: by[here], ...(replyTo && { reply_to: replyTo.id }) };
  setReply(null);
  return placed;
};

function say(text) {
  if (text.trim()) send({ act: "say", ...place(), text });
}

function setReply(message) {
  replyTo = message;
  $("replying").hidden = !message;
  if (!message) return;
  const who = document.createElement("b");
  who.textContent = `${t("replying")} ${message.name}`;
  $("replying").firstElementChild.replaceChildren(who, summary(message, act));
  $("text").focus();
}

function sample({ file, language, said }) {
  const item = document.createElement("li"), button = document.createElement("button");
  button.type = "button";
  button.append(act.icon("wave"), Object.assign(document.createElement("span"), { textContent: said, lang: language }));
  button.addEventListener("click", () => {
    $("samples").close();
    send({ act: "sample", ...place(), file });
  });
  item.append(button);
  return item;
}

/** A file becomes what Telegram would make of it. */
async function upload(data, name, seconds = null) {
  const recorded = seconds !== null;
  const kind = recorded || /\.(oga|ogg|opus)$/i.test(name) ? "voice" : { audio: "audio", video: "video" }[data.type.split("/")[0]] ?? "document";
  const large = data.size > LARGEST;
  if (!recorded && !large && kind !== "document") seconds = await looked(data).then((seen) => seen.seconds, () => null);
  const about = { ...place(), kind, mime: data.type || "application/octet-stream", name, duration: Math.round(seconds ?? 0), ...(large && { size: data.size }) };
  const where = visit();
  for (const [field, value] of Object.entries(about)) where.set(field, value);
  const sent = await fetch(`files?${where}`, { method: "POST", body: large ? "" : data }).catch(() => null);
  if (!sent?.ok) toast(t("not-sent"));
}

const write = $("text");
const grow = () => {
  write.style.height = "auto";
  write.style.height = `${Math.min(write.scrollHeight, 160)}px`;
  const empty = !write.value.trim();
  $("send").hidden = empty;
  $("record").hidden = !empty;
  suggest();
};
write.addEventListener("input", grow);
write.addEventListener("keydown", (event) => {
  const list = $("suggestions");
  if (!list.hidden && ["ArrowDown", "ArrowUp"].includes(event.key)) {
    event.preventDefault();
    choose(event.key === "ArrowDown" ? 1 : -1);
  } else if (!list.hidden && event.key === "Escape") list.hidden = true;
  else if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    const chosen = list.hidden ? null : list.querySelector('[aria-selected="true"]');
    if (chosen) chosen.click();
    else $("composer").requestSubmit();
  }
});
$("composer").addEventListener("submit", (event) => {
  event.preventDefault();
  say(write.value);
  write.value = "";
  grow();
  write.focus();
});

function suggest() {
  const typed = write.value.match(/^\/(\w*)$/);
  const found = typed ? chat().commands.filter(({ command }) => command.startsWith(typed[1])) : [];
  const list = $("suggestions");
  list.hidden = !found.length;
  write.removeAttribute("aria-activedescendant");
  list.replaceChildren(...found.map(({ command, description }, at) => {
    const option = document.createElement("div"), name = document.createElement("b");
    option.id = `command-${at}`;
    option.setAttribute("role", "option");
    option.setAttribute("aria-selected", "false");
    name.textContent = `/${command}`;
    option.append(name, ` ${description}`);
    option.addEventListener("click", () => {
      say(`/${command}`);
      write.value = "";
      grow();
      write.focus();
    });
    return option;
  }));
}

function choose(step) {
  const options = [...$("suggestions").children];
  const old = options.findIndex((option) => option.getAttribute("aria-selected") === "true");
  const at = (old + step + options.length + (old < 0 && step < 0 ? 1 : 0)) % options.length;
  options.forEach((option, number) => option.setAttribute("aria-selected", number === at));
  options[at].scrollIntoView({ block: "nearest" });
  write.setAttribute("aria-activedescendant", options[at].id);
}

$("start").addEventListener("click", () => { say("/start"); write.focus(); });
$("no-reply").addEventListener("click", () => setReply(null));
$("connect").addEventListener("click", () => send({ act: "connect", on: !scene.connected }));
$("language").addEventListener("change", () => {
  localStorage.setItem("language", $("language").value);
  send({ act: "speak", language: $("language").value });
});
$("samples-open").addEventListener("click", () => $("samples").showModal());
$("samples").addEventListener("click", (event) => event.target === $("samples") && $("samples").close());
$("attach").addEventListener("click", () => $("file").click());
$("file").addEventListener("change", async () => {
  for (const one of $("file").files) await upload(one, one.name);
  $("file").value = "";
});

// --- recording

$("record").addEventListener("click", async () => {
  const canvas = $("level"), pen = canvas.getContext("2d"), levels = [];
  try {
    recorder = await Recorder.open((level, seconds) => {
      $("elapsed").textContent = clock(seconds);
      levels.push(level);
      pen.clearRect(0, 0, canvas.width, canvas.height);
      pen.fillStyle = getComputedStyle(canvas).color;
      levels.slice(-canvas.width / 4).forEach((one, at) => pen.fillRect(at * 4, 16 - Math.max(1, 15 * one), 2, Math.max(2, 30 * one)));
    });
  } catch {
    return toast(t("no-microphone"));
  }
  showRecording(true);
});
$("record-drop").addEventListener("click", () => finish(false));
$("record-send").addEventListener("click", () => finish(true));

async function finish(keep) {
  const { data, seconds } = await recorder.stop();
  recorder = null;
  showRecording(false);
  if (keep && data.size) await upload(data, "", Math.max(1, seconds));
}

function showRecording(on) {
  $("recording").hidden = !on;
  $("writing").hidden = on;
  (on ? $("record-send") : write).focus();
}

// --- dropping

let depth = 0;
const holdsFiles = (event) => event.dataTransfer?.types.includes("Files");
addEventListener("dragenter", (event) => { if (holdsFiles(event)) { depth += 1; $("drop").hidden = false; } });
addEventListener("dragleave", (event) => { if (holdsFiles(event) && (depth -= 1) <= 0) $("drop").hidden = true; });
addEventListener("dragover", (event) => event.preventDefault());
addEventListener("drop", async (event) => {
  event.preventDefault();
  depth = 0;
  $("drop").hidden = true;
  for (const one of event.dataTransfer.files) await upload(one, one.name);
});

connect();
