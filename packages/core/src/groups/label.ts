/** The name of a built-in group for that class itself; a subclass that a user wrote goes by its own name. */
export function ownLabel(self: { readonly name: string }, own: { readonly name: string }, label: string): string {
  return self === own ? label : self.name
}
