// Listens to the event stream and refreshes what changed, the card of a generation or a batch as a whole; asks by itself
// while the stream is cut.

const AGAIN = 4000 // milliseconds between questions while the stream is cut
const OWN_ANSWER = 700 // milliseconds in which the answer to this page's own form brings the new card
const PACE = 1000 // milliseconds from one question about a batch to the next: it may change many times a second

const card = (id) => document.getElementById(`generation-${id}`)
const batch = (id) => document.getElementById(`batch-${id}`)
const openCards = () => document.querySelectorAll(":is(.card, [data-batch]):is([data-status=queued], [data-status=running])")

export default function live(element) {
  const root = document.documentElement
  const list = document.getElementById("results-list")
  const batches = document.getElementById("batches")
  const due = new Set()
  let source

  function changed(id) {
    if (card(id)) htmx.trigger(card(id), "changed")
    else if (list) setTimeout(() => card(id) ?? add(id), OWN_ANSWER)
  }

  function add(id) {
    const newest = list.querySelector("[data-generation]")?.dataset.generation ?? 0
    if (Number(id) <= Number(newest)) return
    htmx.ajax("GET", element.dataset.card.replace("/0/", `/${id}/`), { source: list, target: list, swap: "afterbegin" })
  }

  function batchChanged(id, generation) {
    if (card(generation)) htmx.trigger(card(generation), "changed")
    if (due.has(id) || !(batch(id) ?? batches)) return
    due.add(id)
    setTimeout(() => {
      due.delete(id)
      if (batch(id)) htmx.trigger(batch(id), "changed")
      else htmx.ajax("GET", batches.dataset.line.replace("/0/", `/${id}/`), { source: batches, target: batches, swap: "afterbegin" })
    }, PACE)
  }

  function listen() {
    source?.close()
    source = new EventSource(element.dataset.stream)
    source.addEventListener("generation", ({ data }) => changed(data))
    source.addEventListener("batch", ({ data }) => batchChanged(...data.split(" ")))
    source.addEventListener("open", () => {
      if (root.dataset.live === "cut") openCards().forEach((open) => htmx.trigger(open, "changed"))
      root.dataset.live = "on"
    })
    source.addEventListener("error", () => (root.dataset.live = "cut"))
  }

  listen()
  setInterval(() => {
    if (root.dataset.live !== "cut" || document.hidden) return
    openCards().forEach((open) => htmx.trigger(open, "changed"))
    if (source.readyState === EventSource.CLOSED) listen() // after an answer that is no stream it does not try again
  }, AGAIN)
  addEventListener("pagehide", () => source.close())
  addEventListener("pageshow", ({ persisted }) => persisted && listen())

  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    const twins = elt.id && elt.matches("[data-generation]") ? document.querySelectorAll(`[id="${elt.id}"]`) : []
    for (const twin of twins) if (twin !== elt) twin.remove()
  })
}
