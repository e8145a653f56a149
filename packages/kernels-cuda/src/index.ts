export type * from './native/driver.ts'
export { DriverError } from './native/driver-error.ts'
