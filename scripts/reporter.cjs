// mocha's spec reporter, which ends with a line for each test that failed, `failed: FILE: TITLE: MESSAGE`, and one that
// machines can count: `N passed, N failed` alone on a line.
'use strict';
const { relative } = require('node:path');
const { reporters } = require('mocha');

module.exports = class extends reporters.Spec {
  constructor(runner, options) {
    super(runner, options);
    this.failed = [];
    runner.on('fail', (test, error) => {
      const file = relative(process.cwd(), test.file ?? '');
      this.failed.push(
        `failed: ${file}: ${test.fullTitle()}: ${`${error?.message}`.replace(/\s+/g, ' ').slice(0, 300)}`,
      );
    });
  }

  epilogue() {
    super.epilogue();
    for (const line of this.failed) console.log(line);
    const { passes, failures, pending } = this.stats;
    console.log(`${passes} passed, ${failures} failed${pending ? `, ${pending} skipped` : ''}`);
  }
};
