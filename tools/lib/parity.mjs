/**
 * @typedef {object} ParityRow
 * @property {string} feature
 * @property {string} where
 * @property {string} state
 * @property {readonly string[]} names `core.…`, `engine.…`, `files.…`, `functional.…`, `mace.…` and `torchlike.…` in code marks of the column "where here"
 */

/**
 * The rows of docs/parity.md.
 *
 * @param {string} text
 * @returns {ParityRow[]}
 */
export function parityRows(text) {
  return text
    .split('\n')
    .filter((line) => line.startsWith('| ') && !line.startsWith('| feature |'))
    .map((line) => {
      const [feature = '', where = '', state = ''] = line.slice(1, -1).split(' | ').map((cell) => cell.trim())
      const names = [...where.matchAll(/`((?:core|engine|files|functional|mace|torchlike)\.[\w.]+)`/g)].map(([, name]) => name ?? '')
      return { feature, where, state, names }
    })
}

/**
 * Whether a dotted name leads to something that a user can reach: an export, a static or instance member, or a field.
 *
 * @param {Readonly<Record<string, unknown>>} packages by their short names
 * @param {string} name for example `core.Irreps.filter`
 */
export function exists(packages, name) {
  /** @type {unknown} */
  let here = packages
  for (const part of name.split('.')) {
    if (typeof here === 'function') return hasMember(here, part)
    if (typeof here !== 'object' || here === null || !(part in here)) return false
    here = /** @type {Record<string, unknown>} */ (here)[part]
  }
  return here !== undefined
}

/**
 * @param {Function} type
 * @param {string} member
 */
function hasMember(type, member) {
  if (member in type) return true
  for (let base = type; typeof base === 'function' && base !== Function.prototype; base = Object.getPrototypeOf(base)) {
    // Fields exist on instances only; their names stand in the text of the class.
    if (member in (base.prototype ?? {}) || new RegExp(`\\bthis\\.${member}\\b|\\n\\s+${member}\\s*[;=]`).test(Function.prototype.toString.call(base))) return true
  }
  return false
}
