// The policy: its text, its mistakes at their lines, and the same in Rust.

const text = document.getElementById("toml");
const gutter = document.getElementById("gutter");
const mistakes = document.getElementById("mistakes");
const state = document.getElementById("state");
const rust = document.getElementById("rust");
const mine = document.getElementById("mine");
let running = null;
let own = null;
// Counts what this tab applies, so that an older answer of the server does not count.
let edition = 0;

function number(wrong = new Set()) {
  const lines = text.value.split("\n").map((_, index) => element("span", wrong.has(index + 1) ? "wrong" : "", String(index + 1)));
  gutter.replaceChildren(...lines);
}

function select(line) {
  const lines = text.value.split("\n");
  const from = lines.slice(0, line - 1).reduce((sum, each) => sum + each.length + 1, 0);
  text.focus();
  text.setSelectionRange(from, from + (lines[line - 1] ?? "").length);
}

/** Makes a policy the one that runs, unless it has mistakes: returns those. */
async function apply(toml) {
  text.value = toml;
  edition += 1;
  const response = await fetch("/policy", { method: "POST", body: toml });
  const answer = await response.json();
  edition += 1;
  const wrong = response.ok ? [] : answer;
  number(new Set(wrong.map(({ line }) => line)));
  mistakes.replaceChildren(...wrong.map(({ line, text: what }) => {
    const item = element("li", "", "");
    const go = element("button", "plain", `line ${line}`);
    go.type = "button";
    go.addEventListener("click", () => select(line));
    item.append(go, `: ${what}`);
    return item;
  }));
  if (response.ok) {
    running = toml;
    rust.textContent = answer.rust;
  }
  state.dataset.state = response.ok ? "running" : "wrong";
  state.textContent = response.ok ? "This policy runs." : "This is no policy. The one from before still runs.";
  return wrong;
}

/** What a policy would have for mistakes. It is not applied. */
async function check(toml) {
  return (await fetch("/check", { method: "POST", body: toml })).json();
}

/** Learns which policy runs: all tabs share it. Returns whether another tab replaced it. */
async function sync() {
  const before = edition;
  const { toml, rust: built } = await (await fetch("/policy")).json();
  if (toml === running || edition !== before) return false;
  const isFirst = running === null;
  const isEdited = !isFirst && text.value !== running;
  running = toml;
  rust.textContent = built;
  if (!isEdited) {
    text.value = toml;
    mistakes.replaceChildren();
    number();
  }
  state.dataset.state = isFirst ? "running" : "replaced";
  state.textContent = isFirst ? "This policy runs."
    : isEdited ? "Another tab applied another policy. Yours is not applied yet."
    : "Another tab applied this policy.";
  return !isFirst;
}
addEventListener("focus", () => { sync().catch(() => {}); });
setInterval(() => { if (!document.hidden && running !== null) sync().catch(() => {}); }, 2000);

/** The policy with this item in the list of a key, or this value, as small a change as can be. */
function changed(toml, { key, item, value }) {
  const line = value ? `${key} = ${value}` : `${key} = [${JSON.stringify(item)}]`;
  const list = new RegExp(`^(\\s*${key}\\s*=\\s*\\[[^\\]]*?)(,?\\s*)\\]`, "m");
  const any = new RegExp(`^\\s*${key}\\s*=.*$`, "m");
  if (item && list.test(toml)) return toml.replace(list, (_, items) => `${items}${items.trim().endsWith("[") ? "" : ", "}${JSON.stringify(item)}]`);
  if (any.test(toml)) return toml.replace(any, () => line);
  return `${toml.replace(/\n*$/, "\n")}${line}\n`;
}

text.addEventListener("input", () => {
  number();
  const same = text.value === running;
  state.dataset.state = same ? "running" : "edited";
  state.textContent = same ? "This policy runs." : "Edited, and not applied yet.";
});
text.addEventListener("scroll", () => { gutter.scrollTop = text.scrollTop; });
text.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) apply(text.value);
});
document.getElementById("apply").addEventListener("click", () => apply(text.value));
document.getElementById("restart").addEventListener("click", () => apply(start));
mine.addEventListener("click", async () => {
  await apply(own);
  mine.hidden = true;
});
for (const button of document.querySelectorAll("[data-copy]"))
  button.addEventListener("click", async () => {
    const of = document.getElementById(button.dataset.copy);
    await navigator.clipboard.writeText(of.value ?? of.textContent);
    button.textContent = "Copied";
    setTimeout(() => { button.textContent = "Copy"; }, 1500);
  });
