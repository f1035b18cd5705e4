// Pictures in the composer: one list, in the order they are sent. A kept picture is there by its id, a new file by a word
// in its place, and the file field holds the files themselves. Dialog, drop, paste, buttons and dragging change the list.

export default function attachments(element) {
  const form = element.closest("form")
  const field = element.querySelector("input[type=file]")
  const template = element.querySelector("template")
  const drop = document.getElementById("drop")
  const files = new WeakMap() // by item of the list
  const list = () => element.querySelector("#attached") // an answer swaps it
  const items = () => [...list().children]
  let [shown, sent, dragged] = [items().length, []]

  function add(chosen) {
    const held = items().map((item) => files.get(item))
    list().append(...[...chosen].filter((file) => !held.includes(file)).map(thumbnail))
    hold()
  }

  function thumbnail(file) {
    const item = template.content.firstElementChild.cloneNode(true)
    const image = item.querySelector("img")
    files.set(item, file)
    image.src = URL.createObjectURL(file)
    image.alt = file.name
    image.onload = () => URL.revokeObjectURL(image.src)
    image.onerror = () => image.replaceWith(Object.assign(document.createElement("span"), { className: "attachment__name", textContent: file.name }))
    return item
  }

  function hold() {
    const transfer = new DataTransfer()
    const ids = new Set()
    for (const item of items()) {
      const { attachment: id } = item.dataset
      if (files.has(item)) transfer.items.add(files.get(item))
      else if (ids.has(id)) item.remove()
      ids.add(id)
    }
    field.files = transfer.files
    if (items().length !== shown) htmx.trigger(form, "attachments")
    shown = items().length
  }

  new MutationObserver(hold).observe(list().parentElement, { childList: true, subtree: true })
  field.addEventListener("change", () => add(field.files))

  element.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-move], [data-remove]")
    if (!button) return
    const item = button.closest("li")
    const [before, behind] = [item.previousElementSibling, item.nextElementSibling]
    if (button.dataset.move === "-1") before?.before(item)
    else if (button.dataset.move === "1") behind?.after(item)
    else item.remove()
    const next = item.isConnected ? item : (behind ?? before)
    const again = button.isConnected && getComputedStyle(button).visibility === "visible" && button
    ;(again || next?.querySelector("[data-remove]") || field).focus()
  })

  element.addEventListener("dragstart", ({ target, dataTransfer }) => {
    dragged = target.closest("#attached > li")
    dataTransfer.setData("text/plain", "") // Firefox drags nothing without
    dataTransfer.effectAllowed = "move"
  })
  element.addEventListener("dragend", () => (dragged = undefined))
  element.addEventListener("dragover", (event) => {
    if (!dragged) return
    event.preventDefault()
    const over = event.target.closest("#attached > li")
    if (over && over !== dragged) over[items().indexOf(over) < items().indexOf(dragged) ? "before" : "after"](dragged)
  })

  document.addEventListener("paste", ({ clipboardData }) => {
    add([...clipboardData.files].filter((file) => file.type.startsWith("image/")))
  })

  // A picture of this page goes by its id: the original is attached, not the preview that was dragged.
  document.addEventListener("dragstart", ({ target, dataTransfer }) => {
    const picture = target.closest?.("[data-attachment-url]")
    if (picture) dataTransfer.setData("text/attachment-url", picture.dataset.attachmentUrl)
  })
  let depth = 0
  const wanted = ({ dataTransfer }) => dataTransfer.types.includes("Files") || dataTransfer.types.includes("text/attachment-url")
  document.addEventListener("dragenter", (event) => wanted(event) && (depth++, (drop.hidden = false)))
  document.addEventListener("dragleave", (event) => wanted(event) && !--depth && (drop.hidden = true))
  document.addEventListener("dragover", (event) => wanted(event) && event.preventDefault())
  document.addEventListener("drop", (event) => {
    if (!wanted(event)) return
    event.preventDefault()
    depth = 0
    drop.hidden = true
    const url = event.dataTransfer.getData("text/attachment-url")
    if (url) htmx.ajax("GET", url, { target: "#attached", swap: "beforeend" })
    else add(event.dataTransfer.files)
  })

  // What was sent comes back as kept pictures; what was added meanwhile stays behind them.
  form.addEventListener("htmx:beforeSend", ({ detail }) => detail.elt === form && (sent = items()))
  element.addEventListener("htmx:oobBeforeSwap", ({ target, detail }) => {
    if (target === list()) detail.fragment.firstElementChild.append(...items().filter((item) => !sent.includes(item)))
  })

  add(field.files) // what was chosen before this was loaded
}
