/** Compile-time assertions: a wrong one is a type error where it stands. */

/** True only when the two types are identical, `any`, optionality and `readonly` included. */
export type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false

/** True when a value of the first type may stand where the second is wanted. */
export type Assignable<From, To> = [From] extends [To] ? true : false

/** Refuses to compile unless its argument is `true`. */
export type Expect<Condition extends true> = Condition

/** Refuses to compile unless its argument is `false`. */
export type Refuse<Condition extends false> = Condition
