// Closes the dialog around it; without a script the link leads back.
export default function close(element) {
  const dialog = element.closest("dialog")
  if (dialog) dialog.close()
  else location.assign(element.href)
}
