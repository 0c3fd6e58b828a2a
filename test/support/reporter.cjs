// mocha's spec reporter, plus its counts alone on a line, as CI wants them.
const Spec = require('mocha').reporters.Spec;

module.exports = class extends Spec {
  epilogue() {
    super.epilogue();
    process.stdout.write(`${this.stats.passes} passed, ${this.stats.failures} failed\n`);
  }
};
