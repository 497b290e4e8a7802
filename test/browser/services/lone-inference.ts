/** An inference worker that cannot start: what a browser without memory for one more does. */

throw new Error('failed on purpose')
