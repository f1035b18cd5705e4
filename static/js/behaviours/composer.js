// The form around the composer: keeps the draft, shows the upload, and says what to correct after sending.

export default function composer(form) {
  const prompt = form.elements.prompt
  const upload = form.querySelector("[data-upload]")

  prompt.value ||= sessionStorage.getItem("draft") ?? ""
  form.addEventListener("input", ({ target }) => target === prompt && sessionStorage.setItem("draft", prompt.value))

  form.addEventListener("htmx:xhr:progress", ({ detail }) => {
    const share = detail.lengthComputable ? detail.loaded / detail.total : 0
    upload.hidden = detail.total < 200_000 || share === 1 // bytes; less is there before one could read the bar
    upload.querySelector("progress").value = share
  })

  form.addEventListener("htmx:afterRequest", ({ detail }) => {
    if (detail.elt !== form) return
    upload.hidden = true
    if (!detail.successful) return
    delete form.dataset.open
    form.querySelectorAll(".field__error").forEach((error) => (error.textContent = ""))
    document.getElementById("results").scrollIntoView({ block: "start" })
  })

  form.addEventListener("htmx:afterSettle", ({ detail }) => {
    if (detail.xhr.status !== 422) return
    const wrong = form.querySelector(".field__error:not(:empty)")?.closest(".field")
    if (wrong) form.dataset.open = ""
    wrong?.querySelector("input, select, textarea")?.focus()
  })
}
