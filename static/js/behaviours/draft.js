// Begins an empty field with the prompt that was left in the composer, as one line.
export default function draft(element) {
  const field = element.querySelector("textarea")
  const words = sessionStorage.getItem("draft")
  if (!words || field.value) return
  field.value = words.trim().replaceAll(/\s*\n\s*/g, " ")
  field.dispatchEvent(new Event("input", { bubbles: true }))
}
