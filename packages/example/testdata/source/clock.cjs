// Loaded before the packager: every "now" is the moment in BUILT, so that the
// ZIP's timestamps, and with them the package's digest, come out the same again.
const built = process.env.BUILT;
if (!built) {
    throw new Error("BUILT is not set");
}
const Real = Date;
globalThis.Date = class Date extends Real {
    constructor(...args) {
        super(...(args.length ? args : [built]));
    }
};
