/** What the script needs of the page; an error names what is missing. */
export function element<T extends HTMLElement>(id: string, kind: new () => T): T {
  const found = document.getElementById(id)
  if (!(found instanceof kind)) throw new Error(`the page has no ${id}`)
  return found
}

/** A value of a form's field, as text. */
export function field(form: HTMLFormElement, name: string): string {
  const value = new FormData(form).get(name)
  if (typeof value !== 'string') throw new Error(`the form has no ${name}`)
  return value
}

/** Shows a text in a paragraph that is hidden while it has none. */
export function tell(place: HTMLElement, text: string): void {
  place.textContent = text
  place.hidden = text === ''
}
