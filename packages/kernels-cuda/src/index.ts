export { doctor, type DoctorReport } from './native/doctor.ts'
export type * from './native/driver.ts'
export { DriverError } from './native/driver-error.ts'
