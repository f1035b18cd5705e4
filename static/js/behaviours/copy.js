// Copies the text of what data-copy names; [data-copy-label] says so for a while, with the words of data-copied.

const SAYS_SO = 2000 // milliseconds

async function put(text) {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const field = Object.assign(document.createElement("textarea"), { value: text }) // a page without https has no clipboard
  document.body.append(field)
  field.select()
  document.execCommand("copy")
  field.remove()
}

export default function copy(element) {
  const label = element.querySelector("[data-copy-label]") ?? element
  const words = label.textContent
  element.addEventListener("click", async () => {
    await put(document.querySelector(element.dataset.copy).textContent.trim())
    label.textContent = element.dataset.copied
    setTimeout(() => (label.textContent = words), SAYS_SO)
  })
}
