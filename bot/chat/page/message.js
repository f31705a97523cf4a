// One message as a node. `act` says what its parts may do; see `main.js`.

import { link, markedUp } from "./entities.js";
import { voice } from "./sound.js";

const made = (tag, name, ...children) => {
  const node = document.createElement(tag);
  if (name) node.className = name;
  node.append(...children);
  return node;
};

/** `message`: as the server shows it; `replied`: the one it replies to, if the page has it. */
export function drawn(message, replied, act) {
  if (message.event) return made("div", "event", message.event);
  const byBot = message.by === "bot", own = message.by === "you";
  const bubble = made("div", "bubble");
  if (!own && message.chat === "group") bubble.append(made("div", "who", message.name));
  if (message.forwarded) bubble.append(made("div", "from", `${act.t("forwarded-from")} `, made("b", "", message.forwarded)));
  if (replied) bubble.append(quote(replied, act));
  if (message.file) bubble.append(attached(message.file, act));
  if (message.text) bubble.append(made("div", "text", markedUp(message.text, message.entities, act)));
  const time = made("span", "time", `${message.edited ? `${act.t("edited")} ` : ""}${act.time(message.date)}`);
  bubble.append(time);
  bubble.style.setProperty("--time", `${0.42 * time.textContent.length + 0.8}rem`); // what the last line leaves free
  if (message.reactions.length) {
    const reactions = message.reactions.map((emoji) => {
      const one = made("span", "", emoji);
      one.setAttribute("role", "img");
      one.setAttribute("aria-label", `${act.t("reaction")} ${emoji}`);
      return one;
    });
    bubble.append(made("div", "reactions", ...reactions));
  }
  const said = made("article", `said${own ? " own" : ""}${byBot ? " bot" : ""}${message.edited ? " edited" : ""}`, bubble);
  said.setAttribute("aria-label", `${message.name}, ${act.time(message.date)}`);
  if (message.buttons.length) said.append(keys(message, act));
  return said;
}

function quote(replied, act) {
  const node = made("button", `quote${replied.by === "bot" ? " to-bot" : ""}`, made("b", "", replied.name), summary(replied, act));
  node.type = "button";
  node.addEventListener("click", () => act.show(replied.id));
  return node;
}

export const summary = (message, act) =>
  message.text.split("\n")[0].slice(0, 80) || { voice: act.t("voice"), photo: act.t("photo") }[message.file?.kind] || message.file?.name || act.t("file");

function attached(file, act) {
  if (["voice", "audio"].includes(file.kind) && file.whole) {
    const player = voice(file, () => act.file(file), act);
    if (file.kind === "audio") player.prepend(made("small", "length", file.name));
    return player;
  }
  if (file.kind === "photo") {
    const picture = made("img", "photo");
    picture.alt = act.t("photo");
    act.file(file).then((data) => { picture.src = URL.createObjectURL(data); });
    return picture;
  }
  const size = file.size > 2 ** 20 ? `${Math.round(file.size / 2 ** 20)} MB` : `${Math.ceil(file.size / 1024)} KB`;
  return made("div", "attached", act.icon("file"), made("span", "", file.name || act.t("file"), made("small", "", size)));
}

function keys(message, act) {
  const rows = message.buttons.map((row, at) => made("div", "", ...row.map((button, column) => {
    const key = button.url ? link(button.url) : document.createElement("button");
    key.textContent = button.text;
    if (button.copy) key.addEventListener("click", () => act.copy(button.copy));
    else if (button.url) key.addEventListener("click", (event) => act.follow(button.url, event));
    else key.addEventListener("click", () => act.press(message, at, column, key));
    if (!button.url) key.type = "button";
    return key;
  })));
  return made("div", "keys", ...rows);
}
