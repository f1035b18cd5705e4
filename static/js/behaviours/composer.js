// The form around the composer: keeps the draft, sends after its fields are settled, shows the upload, says what to correct,
// and as a sheet stays above the keyboard.

const WORTH_A_BAR = 200_000 // bytes; less is there before one could read it

export default function composer(form) {
  const prompt = form.elements.prompt
  const upload = form.querySelector("[data-upload]")
  const settings = form.querySelector("#composer-settings")

  prompt.value ||= sessionStorage.getItem("draft") ?? ""
  prompt.addEventListener("input", () => sessionStorage.setItem("draft", prompt.value))

  // Fields that are still on their way would come after the answer, and take the words of what to correct away again.
  form.addEventListener("htmx:confirm", (event) => {
    if (event.target !== form || !settings.classList.contains("htmx-request")) return
    event.preventDefault()
    settings.addEventListener("htmx:afterRequest", () => setTimeout(event.detail.issueRequest), { once: true })
  })

  form.addEventListener("htmx:xhr:progress", ({ detail: { loaded, total } }) => {
    upload.hidden = total < WORTH_A_BAR || loaded === total
    upload.querySelector("progress").value = total ? loaded / total : 0
  })

  form.addEventListener("htmx:afterRequest", ({ detail: { elt, xhr } }) => {
    if (elt !== form) return
    upload.hidden = true
    if (xhr.status === 200) {
      unfold(false)
      for (const error of form.querySelectorAll(".field__error")) error.textContent = ""
      scrollTo({ top: 0 })
    }
    if (xhr.status === 200 || xhr.status === 422) correct()
  })

  function unfold(open) {
    form.toggleAttribute("data-open", open)
    form.querySelector("[data-action=toggle]").setAttribute("aria-expanded", open)
  }

  // Some phones lay the keyboard over the page instead of making the page smaller.
  const view = window.visualViewport
  const lift = () => {
    const covered = view.scale === 1 ? Math.max(0, Math.round(innerHeight - view.height - view.offsetTop)) : 0
    form.style.setProperty("--keyboard", `${covered}px`)
  }
  view.addEventListener("resize", lift)
  view.addEventListener("scroll", lift)

  function correct() {
    const wrong = []
    for (const field of form.querySelectorAll(".field")) {
      const control = field.querySelector("input:not([type=hidden]), select, textarea")
      const error = field.querySelector(".field__error")
      control.setAttribute("aria-describedby", error.id)
      control.setAttribute("aria-invalid", error.textContent !== "")
      if (error.textContent) wrong.push(control)
    }
    if (wrong.some((control) => control.closest("#composer-settings"))) unfold(true)
    wrong[0]?.focus()
    wrong[0]?.closest(".field").querySelector(".field__error").scrollIntoView({ block: "nearest" })
  }
}
