/** The shipped policies git and nginx with the programs of the second tree: what they are for is done, and nothing else. */
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import {
  chmodSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { basename, join, resolve } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'chai';
import { makePlace } from '../support/place.js';
import { dedent, ENVIRONMENT, makeTemporary, remove, SANDBOX, type Ended } from '../support/run.js';
import { eventually, PATIENCE } from '../support/running.js';

const TREE = resolve('.sysroot/programs');

const start = (options: readonly string[], command: readonly string[]): ChildProcess =>
  spawn(SANDBOX, ['-d', 'CRITICAL', ...options, '--', ...command], { env: ENVIRONMENT, stdio: 'ignore' });

async function stop(child: ChildProcess): Promise<void> {
  const over = child.exitCode !== null || child.signalCode !== null ? [] : [once(child, 'exit')];
  child.kill();
  await Promise.all(over);
}

async function untilAnswers(port: number, host: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE; Date.now() < deadline; await pause(50)) {
    const socket = connect(port, host);
    const up = await new Promise((done) => socket.once('connect', () => done(true)).once('error', () => done(false)));
    socket.destroy();
    if (up) return;
  }
  throw new Error(`nobody answers at ${host}:${port}`);
}

const holds = (said: readonly string[], lines: readonly RegExp[]): void => {
  for (const line of lines)
    expect(
      said.some((one) => line.test(one)),
      `${line} in:\n${said.join('\n')}`,
    ).to.equal(true);
};

describe('the shipped policies, with programs of the second tree', function () {
  this.timeout(120_000);

  describe('git', () => {
    const place = makePlace('git', '--sysroot', TREE);
    const at = (name: string): string => join(place.top, name);
    /** All of 127.0.0.0/8 is this machine: one address for each run, as the port is git's own. */
    const host = `127.${randomInt(1, 255)}.${randomInt(1, 255)}.${randomInt(1, 255)}`;
    let daemon: ChildProcess;
    const bash = (text: string): Promise<Ended> => {
      writeFileSync(at('work/script.sh'), dedent(text));
      return place.run(['bash', 'script.sh']);
    };

    before(async () => {
      const options = ['init.defaultBranch=main', 'user.name=A User', 'user.email=user@example.org'];
      writeFileSync(
        at('home/.gitconfig'),
        options.map((option) => option.replace(/^(\w+)\.(\w+)=(.*)$/, '[$1]\n\t$2 = $3\n')).join(''),
      );
      writeFileSync(at('home/.git-credentials'), 'https://user:word@example.org\n');
      daemon = start(
        ['--no-acl', '--sysroot', TREE],
        [...['git', 'daemon', `--listen=${host}`, `--base-path=${at('work')}`, '--export-all', '--reuseaddr']],
      );
      await untilAnswers(9418, host);
    });
    after(async () => {
      await stop(daemon);
      remove(place.top);
    });

    it('makes, changes, joins, packs and clones repositories', async () => {
      const ended = await bash(`
        set -e
        git init -q one; cd one
        for i in 1 2 3; do echo $i >>file; git add file; git commit -qm "change $i"; done
        git log --format='%an %s'; git show --stat --format=%s
        git checkout -q -b side HEAD^; echo x >more; git add more; git commit -qm more; git checkout -q main
        git merge -q --no-edit side; git gc -q; git fsck --no-progress; git status --short; cd ..
        git clone -q one two; git -C two log -1 --format=%s
        git clone -q git://${host}/one three; git -C three rev-list --count HEAD
        cd two; git tag v1; git diff --numstat v1 v1^2; git bisect start HEAD HEAD~2 >/dev/null; git bisect reset >/dev/null 2>&1
        git branch --format='%(refname:short)'; git -C ../one fetch -q ../two tag v1; git -C ../one describe --tags
        `);
      expect(ended.stderr).to.equal('');
      expect(ended.stdout.split('\n')).to.deep.equal([
        ...['A User change 3', 'A User change 2', 'A User change 1', 'change 3', '', ' file | 1 +'],
        ...[' 1 file changed, 1 insertion(+)', "Merge branch 'side'", '5', '0\t1\tfile', 'main', 'v1', ''],
      ]);
      expect(ended.status).to.equal(0);
      const said = place.refusals().filter((line) => !line.includes('socket of family unix'));
      expect(said).to.deep.equal([]);
    });

    it('refuses keys, repositories elsewhere, hooks and other hosts, says why, and git goes on', async () => {
      cpSync(at('work/one'), at('outside/one'), { recursive: true });
      writeFileSync(at('work/one/.git/hooks/post-commit'), '#!/bin/sh\necho a hook ran\n');
      chmodSync(at('work/one/.git/hooks/post-commit'), 0o755);
      const ended = await bash(`
        git hash-object ~/.ssh/id_ed25519
        git config --file ~/.git-credentials --list
        git config --global user.name Somebody
        git clone -q ../outside/one stolen
        git -C ../outside/one log
        git init -q ../outside/made
        git clone -q git://${host}:9419/one wrong-port
        git clone -q git://192.0.2.1/one far
        git clone -q ssh://${host}/one by-ssh
        git clone -q http://${host}/one by-http
        cd one; git commit -q --allow-empty -m on; git log -1 --format=%s
        `);
      expect(ended.stdout).to.equal('on\n');
      expect(ended.status).to.equal(0);
      expect(readdirSync(at('outside')).sort()).to.deep.equal(['file', 'one']);
      expect(readdirSync(at('work')).sort()).to.deep.equal(['one', 'script.sh', 'three', 'two']);
      expect(readFileSync(at('home/.gitconfig'), 'utf8')).to.contain('A User');
      holds(place.refusals(), [
        /^denied openat: read "TOP\/home\/\.ssh\/id_ed25519" = EACCES by ACL\/home\.yaml:\d+:5: deny .* \(keys\)$/,
        /^denied (openat|access): read "TOP\/home\/\.git-credentials" = EACCES by ACL\/home\.yaml:\d+:5: deny .* \(passwords\)$/,
        /^denied openat: create "TOP\/home\/\.gitconfig\.lock" = EACCES by default: no rule names it$/,
        /^denied \w+: stat "TOP\/outside\/one" = EACCES by default: no rule names it$/,
        /^denied mkdir: create "TOP\/outside" = EACCES by default: no rule names it$/,
        new RegExp(`^denied connect: connect ${host}:9419 = EACCES by default: no rule names it$`),
        /^denied connect: connect 192\.0\.2\.1:9418 = EACCES by default: no rule names it$/,
        /^denied execve: execute "\/usr\/bin\/ssh" = EACCES by default: no rule names it$/,
        new RegExp(`^denied connect: connect ${host}:80 = EACCES by default: no rule names it$`),
        /^denied access: execute "TOP\/work\/one\/\.git\/hooks\/post-commit" = EACCES by default: no rule names it$/,
      ]);
    });
  });

  describe('nginx', () => {
    const top = makeTemporary('nginx');
    const root = join(top, 'root');
    const at = (name: string): string => join(root, name);
    const json = join(top, 'refused.json');
    const HOST = '127.0.0.1';
    const NGINX = '/usr/sbin/nginx';
    let server: ChildProcess;
    let port = 0;

    /** One of those that the policy names; only one try in a thousand meets somebody. */
    async function freePort(): Promise<number> {
      for (;;) {
        const tried = randomInt(8000, 9000);
        const probe = createServer().listen(tried, HOST);
        const free = await Promise.race([
          once(probe, 'listening').then(() => true),
          once(probe, 'error').then(() => false),
        ]);
        if (free) await new Promise((done) => probe.close(done));
        if (free) return tried;
      }
    }

    /** What is asked by GET, as bytes of latin1. */
    const get = (path: string): Promise<{ status?: number; body: string }> =>
      new Promise((done, failed) => {
        const asked = request({ host: HOST, port, path, agent: false }, (response) => {
          let body = '';
          response.setEncoding('latin1').on('data', (text: string) => (body += text));
          response.on('end', () => done({ status: response.statusCode, body }));
        });
        asked.on('error', failed).end();
      });

    /** nginx with the libraries that it is linked to, and Debian's configuration. */
    function makeRoot(): void {
      for (const name of ['usr/sbin', 'usr/lib/i386-linux-gnu', 'etc', 'run', 'srv', 'tmp', 'var/log/nginx'])
        mkdirSync(at(name), { recursive: true });
      for (const name of ['var/lib/nginx', 'var/www/html', 'var/www/app/.git', 'home/user'])
        mkdirSync(at(name), { recursive: true });
      symlinkSync('usr/lib', at('lib'));
      symlinkSync('usr/sbin', at('sbin'));
      const loader = join(TREE, 'lib/ld-linux.so.2');
      const path = ['lib', 'usr/lib'].map((name) => join(TREE, name, 'i386-linux-gnu')).join(':');
      const { stdout } = spawnSync(loader, ['--library-path', path, '--list', join(TREE, 'usr/sbin/nginx')], {
        encoding: 'utf8',
      });
      const libraries = [...stdout.matchAll(/=> (\/\S*\/i386-linux-gnu\/\S+)/g)].map(([, file]) => file);
      expect(libraries.map((file) => basename(file))).to.include('libc.so.6');
      for (const file of libraries)
        cpSync(file, at(join('usr/lib/i386-linux-gnu', basename(file))), { dereference: true });
      cpSync(loader, at('usr/lib/ld-linux.so.2'), { dereference: true });
      for (const name of ['usr/sbin/nginx', 'etc/nginx', 'etc/passwd', 'etc/group', 'etc/nsswitch.conf'])
        cpSync(join(TREE, name), at(name), { recursive: true, verbatimSymlinks: true });
      writeFileSync(
        at('etc/nginx/conf.d/site.conf'),
        `server {
          listen ${HOST}:${port}; root /var/www/html;
          location /files/ { alias /srv/; }
          location /app/ { alias /var/www/app/; }
          location /everything/ { alias /; }
          location /upstream { proxy_pass http://${HOST}:9/; }
        }\n`,
      );
      writeFileSync(at('var/www/html/index.html'), 'the page\n');
      writeFileSync(at('srv/large'), Array.from({ length: 50_000 }, (_, i) => `line ${i}\n`).join(''));
      writeFileSync(at('etc/shadow'), 'hashes\n');
      writeFileSync(at('home/user/notes'), 'a private note\n');
      writeFileSync(at('var/www/app/page'), 'of the application\n');
      writeFileSync(at('var/www/app/.git/config'), '[remote]\n');
      symlinkSync('/home/user/notes', at('srv/link'));
      // The workers are another user when it is started by root.
      for (const directory of [top, root]) chmodSync(directory, 0o755);
    }

    before(async () => {
      port = await freePort();
      makeRoot();
      server = start(['--root', root, '--acl', 'nginx', '--log-json', json], [NGINX, '-g', 'daemon off;']);
      await untilAnswers(port, HOST);
    });
    after(async () => {
      await stop(server);
      remove(top);
    });
    const refusals = (): string[] =>
      readFileSync(json, 'utf8')
        .split('\n')
        .filter((line) => line !== '')
        .map((line) => (JSON.parse(line) as { text: string }).text);

    it('serves pages and large files with its workers, keeps logs, and reloads', async () => {
      expect(await get('/')).to.deep.equal({ status: 200, body: 'the page\n' });
      const large = await Promise.all(Array.from({ length: 8 }, () => get('/files/large')));
      for (const { body } of large) expect(body === readFileSync(at('srv/large'), 'latin1')).to.equal(true);
      expect((await get('/none')).status).to.equal(404);
      expect(await get('/app/page')).to.deep.equal({ status: 200, body: 'of the application\n' });
      writeFileSync(
        at('etc/nginx/conf.d/with-more.conf'),
        `server { listen ${HOST}:${port}; server_name more; return 204; }\n`,
      );
      renameSync(at('var/log/nginx/access.log'), at('var/log/nginx/access.log.1'));
      const master = Number(readFileSync(at('run/nginx.pid'), 'utf8'));
      process.kill(master, 'SIGUSR1');
      await eventually('a new log', () => existsSync(at('var/log/nginx/access.log')));
      process.kill(master, 'SIGHUP');
      // A worker that has not got the signal yet writes to the old one.
      const logged = (): boolean => readFileSync(at('var/log/nginx/access.log'), 'utf8').includes('/again');
      for (const deadline = Date.now() + PATIENCE; !logged() && Date.now() < deadline; await pause(20))
        await get('/again');
      expect(logged()).to.equal(true);
      expect(readFileSync(at('var/log/nginx/access.log.1'), 'utf8')).to.match(/"GET \/files\/large HTTP\/1\.1" 200 /);
      expect(readdirSync(at('var/lib/nginx')).sort()).to.deep.equal(['body', 'fastcgi', 'proxy', 'scgi', 'uwsgi']);
    });

    it('refuses other files and connections, says why, and goes on serving', async () => {
      for (const path of ['/everything/etc/shadow', '/everything/home/user/notes', '/files/link', '/app/.git/config'])
        expect((await get(path)).status, path).to.equal(403);
      expect((await get('/upstream')).status).to.equal(502);
      expect(await get('/')).to.deep.equal({ status: 200, body: 'the page\n' });
      holds(refusals(), [
        /^denied openat: read "\/etc\/shadow" = EACCES by default: no rule names it$/,
        /^denied openat: read "\/home\/user\/notes" = EACCES by default: no rule names it$/,
        /^denied openat: read "\/var\/www\/app\/\.git\/config" = EACCES by \S*\/nginx\.yaml:\d+:5: deny \/var\/www\/\*\*\/\.git\/\*\* \(histories and/,
        new RegExp(`^denied connect: connect ${HOST.replaceAll('.', '\\.')}:9 = EACCES by default: no rule names it$`),
      ]);
      expect(readFileSync(at('var/log/nginx/error.log'), 'utf8')).to.contain('connect() to 127.0.0.1:9 failed (13:');
    });

    it('may be given more in the directory it is started in, by the name that this has in its world', () => {
      const own = join(top, 'own.yaml');
      writeFileSync(own, 'files: [{ read: ["${PWD}/**"] }]\n');
      writeFileSync(at('home/user/own.conf'), `events {} http { server { listen ${HOST}:8023; } }`);
      const test = (cwd: string): { status: number | null; stderr: string } =>
        spawnSync(
          SANDBOX,
          [
            ...['-d', 'CRITICAL', '--root', root, '--acl', 'nginx', '--acl', own, '--'],
            NGINX,
            '-t',
            '-c',
            '/home/user/own.conf',
          ],
          { cwd, env: ENVIRONMENT, encoding: 'utf8', timeout: 30_000 },
        );
      expect(test(at('home/user')).stderr).to.contain('test is successful');
      expect(test(at('var/www')).stderr).to.contain('open() "/home/user/own.conf" failed (13:');
      const { status, stderr } = test(top);
      expect(stderr).to.contain('${PWD} is "", must be an absolute path of a directory of its own');
      expect(status).to.equal(125);
    });

    it('binds no other port, and writes no other file', async () => {
      cpSync(root, join(top, 'wrong'), { recursive: true, verbatimSymlinks: true });
      for (const [text, says] of [
        [`error_log /srv/log; events {} http { server { listen ${HOST}:8022; } }`, 'open() "/srv/log" failed (13:'],
        [`events {} http { server { listen ${HOST}:2222; } }`, `bind() to ${HOST}:2222 failed (13:`],
      ] as const) {
        writeFileSync(join(top, 'wrong/etc/nginx/wrong.conf'), text);
        const { status, stderr } = spawnSync(
          SANDBOX,
          [
            '-d',
            'CRITICAL',
            '--root',
            join(top, 'wrong'),
            '--acl',
            'nginx',
            '--',
            NGINX,
            '-c',
            '/etc/nginx/wrong.conf',
          ],
          { env: ENVIRONMENT, encoding: 'utf8', timeout: 30_000 },
        );
        expect(stderr).to.contain(says);
        expect(status).to.equal(1);
      }
    });
  });
});
