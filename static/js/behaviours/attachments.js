// Pictures in the composer: dialog, drop, paste, order and removal. The file field itself holds the files.

const PICTURES = /^image\/(png|jpeg|webp|gif)$/

export default function attachments(element) {
  const form = element.closest("form")
  const field = element.querySelector("input[type=file]")
  const chosen = element.querySelector("#chosen")
  const template = element.querySelector("template")
  const drop = document.getElementById("drop")
  let files = []

  function hold(next) {
    const transfer = new DataTransfer()
    files = next
    files.forEach((file) => transfer.items.add(file))
    field.files = transfer.files
    form.elements.files_chosen.value = files.length
    chosen.replaceChildren(...files.map(thumbnail))
  }

  function thumbnail(file) {
    const item = template.content.firstElementChild.cloneNode(true)
    const image = item.querySelector("img")
    image.src = URL.createObjectURL(file)
    image.alt = file.name
    image.onload = () => URL.revokeObjectURL(image.src)
    image.onerror = () => image.replaceWith(Object.assign(document.createElement("span"), { className: "attachment__name", textContent: file.name }))
    return item
  }

  function moveFile(index, by) {
    const next = [...files]
    next.splice(index + by, 0, ...next.splice(index, 1))
    hold(next)
  }

  function moveKept(item, by) {
    if (by < 0) item.previousElementSibling?.before(item)
    else item.nextElementSibling?.after(item)
  }

  function withFiles(transfer) {
    return [...transfer.files].filter((file) => PICTURES.test(file.type))
  }

  field.addEventListener("change", () => hold([...files, ...field.files].filter((file, index, all) => all.indexOf(file) === index)))

  element.addEventListener("click", ({ target }) => {
    const button = target.closest("[data-move], [data-remove]")
    if (!button) return
    const item = button.closest("li")
    const list = item.parentElement
    const index = [...list.children].indexOf(item)
    const by = Number(button.dataset.move ?? 0)
    if (list === chosen) by ? moveFile(index, by) : hold(files.toSpliced(index, 1))
    else by ? moveKept(item, by) : item.remove()
    const after = list.children[Math.min(index + by, list.children.length - 1)]
    const next = after?.querySelector(by ? `[data-move="${by}"]` : "[data-remove]")
    ;(next && getComputedStyle(next).visibility === "visible" ? next : (after?.querySelector("[data-remove]") ?? field)).focus()
  })

  document.addEventListener("paste", ({ clipboardData }) => {
    const pasted = withFiles(clipboardData)
    if (pasted.length) hold([...files, ...pasted])
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
    else hold([...files, ...withFiles(event.dataTransfer)])
  })

  new MutationObserver(() => htmx.trigger(form, "attachments")).observe(chosen.parentElement, { childList: true, subtree: true })

  form.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt === form && detail.xhr.status === 200 && files.length) hold([]) // they came back as kept pictures
  })
}
