/** Coulomb per elementary charge, and so joule per electronvolt; exact. Source: CODATA 2022. */
const elementaryCharge = 1.602176634e-19

/** k_B, eV/K; exact: 1.380649e-23 J/K. Source: CODATA 2022. */
export const boltzmannConstant = 1.380649e-23 / elementaryCharge

/** amu (Å/fs)² in eV: what turns mass times velocity squared into an energy. The atomic mass constant is 1.66053906892e-27 kg. Source: CODATA 2022. */
export const massUnit = (1.66053906892e-27 * 1e10) / elementaryCharge
