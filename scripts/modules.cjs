// What package-lock.json asks for, compared with what stands in node_modules.
//   node scripts/modules.cjs missing    prints the first package that is missing or outdated, if there is one
//   node scripts/modules.cjs runtime    prints the directories the built product needs, one a line
'use strict';
const { existsSync, readFileSync } = require('node:fs');
const { join } = require('node:path');

const top = join(__dirname, '..');
const packagesOf = (file) => JSON.parse(readFileSync(join(top, file), 'utf8')).packages;
const allows = (list, value) => list === undefined || (list.includes(value) && !list.includes(`!${value}`));
const fits = (entry) => allows(entry.os, process.platform) && allows(entry.cpu, process.arch);

// Optional packages for this platform count too: node_modules may have been filled on another architecture.
function missing(locked, installed) {
  return Object.keys(locked).find((path) => {
    const { version, optional, libc } = locked[path];
    if (path === '' || !fits(locked[path]) || (optional && libc !== undefined)) return false;
    return installed[path]?.version !== version;
  });
}

const locked = packagesOf('package-lock.json');
if (process.argv[2] === 'missing') {
  const record = 'node_modules/.package-lock.json';
  const first = existsSync(join(top, record)) ? missing(locked, packagesOf(record)) : 'node_modules';
  if (first) console.log(first);
} else {
  // Those nested in another come along with it.
  const outermost = Object.keys(locked).filter((path) => path.lastIndexOf('node_modules/') === 0);
  const runtime = outermost.filter((path) => !locked[path].dev && existsSync(join(top, path)));
  console.log(runtime.join('\n'));
}
