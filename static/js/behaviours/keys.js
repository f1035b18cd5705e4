// Keyboard shortcuts of the whole page: data-keys="g c" is clicked by G then C, aria-keyshortcuts="/" by one key.
// What one types in is focused instead. Keys of single pictures are walk.js's.

const TYPED_IN = "input:not([type=checkbox], [type=radio], [type=file]), textarea, select, [contenteditable]"
const PATIENCE = 1000 // milliseconds between the keys of a sequence

function find(...sequences) {
  for (const keys of sequences) {
    const named = CSS.escape(keys)
    const found = document.querySelectorAll(`[data-keys="${named}"], [aria-keyshortcuts="${named}"]`)
    if (found.length) return [...found].find((element) => element.checkVisibility()) ?? found[0]
  }
}

let before = ""
let at = 0

function press(event) {
  if (event.key === "Escape") return // the browser's, for what is open, then selection.js's
  if (event.defaultPrevented || event.altKey || event.isComposing || event.repeat) return
  const held = event.metaKey || event.ctrlKey
  if (!held && event.target.closest(`${TYPED_IN}, dialog`)) return
  if (!held && localStorage.getItem("keys") === "off") return
  const name = held ? `mod+${event.key}` : event.key
  const element = find(event.timeStamp - at < PATIENCE ? `${before} ${name}` : name, name)
  before = name
  at = event.timeStamp
  if (!element) return
  event.preventDefault()
  if (element.matches(TYPED_IN)) element.focus()
  else element.click()
}

export default function keys() {
  document.addEventListener("keydown", press)
}
