// Listens to the event stream and refreshes what changed, the card of a generation or a batch as a whole; asks by itself
// while the stream is cut.

const AGAIN = 4000 // milliseconds between questions while the stream is cut
const OWN_ANSWER = 700 // milliseconds in which the answer to this page's own form brings the new card
const PACE = 1000 // milliseconds from one question about a batch to the next: it may change many times a second
const NEW_CARD = /^\s*<article id="generation-(\d+)"/

const card = (id) => document.getElementById(`generation-${id}`)
const batch = (id) => document.getElementById(`batch-${id}`)
const OPEN = ":is([data-status=queued], [data-status=running])"
const openCards = () => document.querySelectorAll(`:is(.card, [data-batch])${OPEN}`)

export default function live(element) {
  const root = document.documentElement
  const list = document.getElementById("results-list")
  const batches = document.getElementById("batches")
  const due = new Set()
  const again = new Set() // ids of what changed before it stood there or while it asked: what comes may be older
  let source

  function refresh(shown) {
    if (shown.classList.contains("htmx-request")) again.add(shown.id)
    else htmx.trigger(shown, "changed")
  }

  function changed(id) {
    if (card(id)) refresh(card(id))
    else if (list) {
      again.add(`generation-${id}`)
      setTimeout(() => card(id) ?? add(id), OWN_ANSWER)
    }
  }

  function add(id) {
    const newest = list.querySelector("[data-generation]")?.dataset.generation ?? 0
    if (Number(id) <= Number(newest)) return
    htmx.ajax("GET", element.dataset.card.replace("/0/", `/${id}/`), { source: list, target: list, swap: "afterbegin" })
  }

  function batchChanged(id, generation) {
    if (card(generation)) refresh(card(generation))
    if (due.has(id) || !(batch(id) ?? batches)) return
    due.add(id)
    setTimeout(() => {
      due.delete(id)
      if (batch(id)) refresh(batch(id))
      else htmx.ajax("GET", batches.dataset.line.replace("/0/", `/${id}/`), { source: batches, target: batches, swap: "afterbegin" })
    }, PACE)
  }

  function listen() {
    source?.close()
    source = new EventSource(element.dataset.stream)
    source.addEventListener("generation", ({ data }) => changed(data))
    source.addEventListener("batch", ({ data }) => batchChanged(...data.split(" ")))
    source.addEventListener("open", () => {
      if (root.dataset.live === "cut") openCards().forEach(refresh)
      root.dataset.live = "on"
    })
    source.addEventListener("error", () => (root.dataset.live = "cut"))
  }

  listen()
  setInterval(() => {
    if (root.dataset.live !== "cut" || document.hidden) return
    openCards().forEach(refresh)
    if (source.readyState === EventSource.CLOSED) listen() // after an answer that is no stream it does not try again
  }, AGAIN)
  addEventListener("pagehide", () => source.close())
  addEventListener("pageshow", ({ persisted }) => persisted && listen())

  document.addEventListener("htmx:load", ({ detail: { elt } }) => {
    if (again.delete(elt.id) && elt.matches(OPEN)) htmx.trigger(elt, "changed") // one that has ended is not replaced for it
  })

  // The answer to a form and the event about it race: the second of a new card is not shown, what else it brings is taken.
  // Which of the two is newer nobody knows, so a card that is open asks once more.
  document.addEventListener("htmx:beforeSwap", ({ detail }) => {
    const [, id] = detail.target === list ? (detail.serverResponse.match(NEW_CARD) ?? []) : []
    if (!id || !card(id)) return
    detail.swapOverride = "none"
    if (card(id).matches(OPEN)) refresh(card(id))
  })
}
