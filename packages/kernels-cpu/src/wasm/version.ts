/**
 * Says which code this emitter makes: a digest of what it makes of many kernels. Code that is kept between processes is used only by
 * the emitter that made it; a test asks for another digest here when that changes.
 */
export const emitterVersion = '8a26d74ebd29621e'
