// A message's text with Telegram's entities, as nodes. Nothing that anybody wrote is ever read as HTML.

const TAGS = { bold: "b", italic: "i", underline: "u", strikethrough: "s", code: "code", pre: "pre" };
const SAFE_LINK = /^(https?|tg|mailto):/i;

/** Offsets and lengths are in UTF-16 units, as in the Bot API and in JavaScript. `act` has `t`, `say`, `copy`. */
export function markedUp(text, entities, act) {
  const root = document.createDocumentFragment();
  fill(root, text, 0, text.length, entities, act);
  return root;
}

function fill(node, text, start, end, entities, act) {
  let at = start;
  for (let rest = [...entities]; rest.length; ) {
    const entity = rest.shift();
    const from = Math.max(entity.offset, at), to = Math.min(entity.offset + entity.length, end);
    if (to <= from) continue;
    node.append(text.slice(at, from));
    const inside = rest.filter((one) => one.offset < to);
    rest = rest.filter((one) => one.offset >= to);
    const [outer, inner] = element(entity, text.slice(from, to), act);
    fill(inner, text, from, to, inside, act);
    node.append(outer);
    at = to;
  }
  node.append(text.slice(at, end));
}

/** The element for an entity, and the one in it that its text goes into. */
function element(entity, covered, act) {
  switch (entity.type) {
    case "spoiler": return both(spoiler(act));
    case "blockquote": return both(document.createElement("blockquote"));
    case "expandable_blockquote": return expandable(act);
    case "text_link": return both(link(entity.url));
    case "url": return both(link(covered));
    case "bot_command": return both(command(covered, act));
    case "date_time": return both(moment(entity));
  }
  const made = document.createElement(TAGS[entity.type] ?? "span");
  if (entity.type === "code") made.addEventListener("click", () => act.copy(covered));
  return both(made);
}

const both = (made) => [made, made];

function spoiler(act) {
  const made = document.createElement("span");
  made.className = "spoiler";
  made.tabIndex = 0;
  made.setAttribute("role", "button");
  made.setAttribute("aria-label", act.t("hidden"));
  const show = () => {
    for (const one of made.closest(".text")?.querySelectorAll(".spoiler") ?? [made]) {
      one.classList.add("shown");
      for (const name of ["role", "aria-label", "tabindex"]) one.removeAttribute(name);
    }
  };
  made.addEventListener("click", show);
  made.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" && event.key !== " ") return;
    event.preventDefault();
    show();
  });
  return made;
}

function expandable(act) {
  const quote = document.createElement("blockquote"), inner = document.createElement("div");
  const more = act.icon("down", "button");
  quote.className = "long";
  more.className = "more";
  const set = (open) => {
    quote.classList.toggle("open", open);
    more.setAttribute("aria-expanded", open);
    more.setAttribute("aria-label", act.t(open ? "less" : "more"));
  };
  set(false);
  more.addEventListener("click", () => set(!quote.classList.contains("open")));
  quote.append(inner, more);
  new ResizeObserver(() => {
    more.hidden = !quote.classList.contains("open") && inner.scrollHeight <= inner.clientHeight + 1;
  }).observe(inner);
  return [quote, inner];
}

export function link(url) {
  if (!SAFE_LINK.test(url)) return document.createElement("span");
  const made = document.createElement("a");
  made.href = url;
  made.target = "_blank";
  made.rel = "noopener noreferrer";
  return made;
}

function command(said, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.className = "command";
  made.addEventListener("click", () => act.say(said));
  return made;
}

/** Telegram shows a moment by the reader's own clock; what the bot wrote is for apps that cannot. */
function moment(entity) {
  const made = document.createElement("time");
  made.dateTime = new Date(entity.unix_time * 1000).toISOString();
  return made;
}
