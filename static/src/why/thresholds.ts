/** From where on something is called wrong. All in one place, so that a card and a mark in the diagram agree. */

/**
 * A gradient that is this much smaller than where it entered the layers has vanished. Float32 has 7 digits: added to a
 * weight near 1, with a learning rate of 0.01, a change of 1e-5 is the least that is still seen. Healthy networks of
 * the gallery and the test programs stay above 1e-3.
 */
export const VANISHED = 1e-5;

/** The same the other way: a step of usual size along such a gradient leaves everything it knew. */
export const EXPLODED = 1e4;

/** Of an activation's elements, flat. A healthy ReLU is off for half its inputs; nine tenths leave it little to learn. */
export const DEAD = 0.95;

/** Fewer elements than this may all be off by chance. */
export const DEAD_LEAST = 16;
