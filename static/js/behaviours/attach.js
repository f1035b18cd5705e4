// Attaches a picture of the page to the composer beside it.
export default function attach(element) {
  const { attachmentUrl } = element.closest("[data-attachment-url]").dataset
  htmx.ajax("GET", attachmentUrl, { target: "#attached", swap: "beforeend" }).then(() => {
    if (matchMedia("(hover: hover)").matches) document.querySelector("#composer textarea").focus()
  })
}
