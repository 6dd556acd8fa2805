/** The shipped policies python and shell with real programs: what they are for is done, and nothing else. */
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { join } from 'node:path';
import { expect } from 'chai';
import { makePlace } from '../support/place.js';
import { dedent, remove, type Ended } from '../support/run.js';

describe('the shipped policies', function () {
  this.timeout(60_000);

  describe('python', () => {
    const place = makePlace('python');
    const work = join(place.top, 'work');
    after(() => remove(place.top));
    const script = (text: string, ...args: string[]): Promise<Ended> => {
      writeFileSync(join(work, 'script.py'), dedent(text));
      return place.run(['python3', 'script.py', ...args]);
    };

    it('runs a script with modules, data, a database, processes and an event loop', async () => {
      writeFileSync(join(work, 'trees.py'), 'NAMES = ["oak", "ash", "elm"]\n');
      const ended = await script(
        `
        import asyncio, json, multiprocessing, sqlite3, subprocess, sys, tempfile, trees
        def square(x): return x * x
        async def both(): return await asyncio.gather(asyncio.sleep(0.01, 'a'), asyncio.sleep(0, 'b'))
        if __name__ == '__main__':
            json.dump({'trees': sorted(trees.NAMES)}, open('trees.json', 'w'))
            database = sqlite3.connect('trees.db')
            database.execute('create table tree(name)')
            database.executemany('insert into tree values(?)', [(name,) for name in trees.NAMES])
            database.commit()
            print(database.execute('select count(*), max(name) from tree').fetchone())
            with multiprocessing.Pool(2) as pool: print(pool.map(square, range(5)))
            print(asyncio.run(both()))
            print(subprocess.run([sys.executable, '-c', 'print(6 * 7)'], capture_output=True, text=True).stdout.strip())
            with tempfile.NamedTemporaryFile('w+') as file: print(file.name.startswith(sys.argv[1]))
        `,
        join(place.top, 'tmp'),
      );
      expect(ended.stderr).to.equal('');
      expect(ended.stdout.split('\n')).to.deep.equal([
        `(3, 'oak')`,
        '[0, 1, 4, 9, 16]',
        `['a', 'b']`,
        '42',
        'True',
        '',
      ]);
      expect(ended.status).to.equal(0);
      expect(readFileSync(join(work, 'trees.json'), 'utf8')).to.equal('{"trees": ["ash", "elm", "oak"]}');
      expect(readdirSync(join(work, '__pycache__'))).to.have.lengthOf(1);
      expect(place.refusals()).to.deep.equal([]);
    });

    it('refuses secrets, writing elsewhere, other programs and connections, says why, and the script goes on', async () => {
      const server = createServer().listen(0, '127.0.0.1');
      await once(server, 'listening');
      const { port } = server.address() as AddressInfo;
      const ended = await script(
        `
        import os, socket, subprocess, sys
        def attempt(name, what):
            try: print(name, what())
            except OSError as error: print(name, error.strerror)
        home = os.environ['HOME']
        attempt('note', lambda: open(home + '/notes').read())
        attempt('key', lambda: open(home + '/.ssh/id_ed25519').read())
        attempt('hashes', lambda: open('/etc/shadow').read())
        os.symlink('../home/notes', 'link')
        attempt('link', lambda: open('link').read())
        attempt('outside', lambda: open('../outside/file', 'w'))
        attempt('made', lambda: os.mkdir('../outside/made'))
        attempt('login', lambda: open(home + '/.bashrc', 'w'))
        attempt('moved', lambda: os.rename('script.py', '../outside/script.py'))
        attempt('shell', lambda: subprocess.run(['/bin/sh', '-c', 'true']))
        attempt('connected', lambda: socket.create_connection(('127.0.0.1', int(sys.argv[1]))))
        attempt('own', lambda: open('own', 'w').write('x'))
        `,
        String(port),
      );
      server.close();
      const refused = ['note', 'key', 'hashes', 'link', 'outside', 'made', 'login', 'moved', 'shell', 'connected'];
      expect(ended.stdout.trimEnd().split('\n')).to.deep.equal([
        ...refused.map((name) => `${name} Permission denied`),
        'own 1',
      ]);
      expect(ended).to.include({ status: 0, stderr: '' });
      expect(readFileSync(join(place.top, 'outside/file'), 'utf8')).to.equal('of somebody else\n');
      expect(readdirSync(join(place.top, 'outside'))).to.deep.equal(['file']);
      const said = place.refusals();
      for (const line of [
        /^denied openat: read "TOP\/home\/notes" = EACCES by default: no rule names it$/,
        /^denied openat: read "TOP\/home\/\.ssh\/id_ed25519" = EACCES by ACL\/home\.yaml:\d+:5: deny \$\{HOME\}\/\.ssh\/\*\* \(keys\)$/,
        /^denied openat: read "\/etc\/shadow" = EACCES by ACL\/secrets\.yaml:\d+:5: deny \/etc\/shadow\* \(password hashes\)$/,
        /^denied openat: write "TOP\/outside\/file" = EACCES by default: no rule names it$/,
        /^denied mkdir: create "TOP\/outside\/made" = EACCES by default: no rule names it$/,
        /^denied openat: create "TOP\/home\/\.bashrc" = EACCES by ACL\/home\.yaml:\d+:5: deny write\+create \$\{HOME\}\/\.bash\* /,
        /^denied rename: create "TOP\/outside\/script.py" = EACCES by default: no rule names it$/,
        /^denied execve: execute "\/usr\/bin\/dash" = EACCES by default: no rule names it$/,
        /^denied socket: socket of family inet, type stream = EACCES by default: no rule names it$/,
      ])
        expect(
          said.some((one) => line.test(one)),
          `${line} in:\n${said.join('\n')}`,
        ).to.equal(true);
      expect(
        said.filter((one) => one.includes('TOP/home/notes')),
        'by its name and by a symlink',
      ).to.have.lengthOf(2);
    });
  });

  describe('shell', () => {
    const place = makePlace('shell');
    const work = join(place.top, 'work');
    after(() => remove(place.top));
    const bash = (text: string): Promise<Ended> => {
      writeFileSync(join(work, 'script.sh'), dedent(text));
      return place.run(['bash', 'script.sh']);
    };

    it('does the work of a shell in its directory', async () => {
      writeFileSync(join(place.top, 'home/.bashrc'), 'greet() { echo "hello from $1"; }\n');
      const ended = await bash(`
        set -e
        . ~/.bashrc
        greet rc
        mkdir -p in out/deep
        for word in oak ash elm; do printf '%s\\n' $word; done >in/trees
        sort in/trees | tee out/sorted | wc -l
        cat <<HERE | tr a-z A-Z >out/here
        text
        HERE
        cat out/here
        cp -a in copy; mv copy moved; ln -s ../in/trees moved/link; find . -name 'tr*' | sort
        file=$(mktemp); seq 4 >$file; mv $file out/moved; awk '{ s += $1 } END { print s }' out/moved
        diff <(sort in/trees) out/sorted && echo same
        sed -n '2{p;q}' out/sorted; grep -c . in/trees; (exit 3) || echo $?
        sleep 0.1 & wait $! && echo waited
        chmod 600 out/sorted; stat -c %a out/sorted; rm -r moved; ls
        `);
      expect(ended.stderr).to.equal('');
      expect(ended.stdout.split('\n')).to.deep.equal(
        'hello from rc,3,TEXT,./in/trees,./moved/trees,10,same,elm,3,3,waited,600,in,out,script.sh,'.split(','),
      );
      expect(ended.status).to.equal(0);
      expect(readdirSync(join(place.top, 'tmp'))).to.deep.equal([]);
      // Which user has which name is asked of a service by its socket before it is read from the file.
      expect(place.refusals().filter((line) => !line.includes('socket of family unix'))).to.deep.equal([]);
    });

    it('refuses secrets, writing elsewhere, own programs and connections, says why, and the script goes on', async () => {
      const ended = await bash(`
        cat ~/notes
        cat ~/.ssh/id_ed25519
        cat /etc/shadow
        cat /proc/1/environ
        ls ~
        echo x >../outside/made
        echo x >>../outside/file
        echo evil >>~/.bashrc
        rm ../outside/file
        mv script.sh ~/
        ln ~/notes note
        ln -s ~/notes link; cat link
        cp /bin/true own; ./own
        (echo x >/dev/tcp/127.0.0.1/9)
        mkdir /srv/made
        echo on >own; cat own
        `);
      expect(ended.stdout).to.equal('on\n');
      expect(ended.status).to.equal(0);
      expect(ended.stderr.match(/Permission denied/g)?.length, ended.stderr).to.be.at.least(15);
      expect(readFileSync(join(place.top, 'outside/file'), 'utf8')).to.equal('of somebody else\n');
      expect(readdirSync(join(place.top, 'outside'))).to.deep.equal(['file']);
      expect(readFileSync(join(place.top, 'home/.bashrc'), 'utf8')).not.to.contain('evil');
      expect(existsSync('/srv/made')).to.equal(false);
      const said = place.refusals();
      for (const line of [
        /^denied openat: read "TOP\/home\/notes" = EACCES by default: no rule names it$/,
        /^denied openat: read "TOP\/home\/\.ssh\/id_ed25519" = EACCES by ACL\/home\.yaml:\d+:5: deny /,
        /^denied openat: read "\/etc\/shadow" = EACCES by ACL\/secrets\.yaml:\d+:5: deny .* \(password hashes\)$/,
        /^denied openat: stat "\/proc\/1\/environ" = EACCES by default: no rule names it$/,
        /^denied openat: create "TOP\/outside\/made" = EACCES by default: no rule names it$/,
        /^denied openat: write "TOP\/outside\/file" = EACCES by default: no rule names it$/,
        /^denied openat: write "TOP\/home\/\.bashrc" = EACCES by ACL\/home\.yaml:\d+:5: deny write\+create .* \(what stands there is run/,
        /^denied unlinkat: create "TOP\/outside\/file" = EACCES by default: no rule names it$/,
        /^denied execve: execute "TOP\/work\/own" = EACCES by default: no rule names it$/,
        /^denied socket: socket of family inet, type stream = EACCES by ACL\/shell\.yaml:\d+:10: network: none$/,
        /^denied mkdir: create "\/srv\/made" = EACCES by default: no rule names it$/,
      ])
        expect(
          said.some((one) => line.test(one)),
          `${line} in:\n${said.join('\n')}`,
        ).to.equal(true);
    });

    it('is not chosen by a file of that name in the directory', async () => {
      writeFileSync(join(work, 'shell'), 'files: [{ read: ["/**"] }]\n');
      writeFileSync(join(work, 'shell.yaml'), 'files: [{ read: ["/**"] }]\n');
      expect((await place.run(['cat', '../home/notes'])).stdout).to.equal('');
      expect((await place.run(['cat', '../home/notes'], '--acl', './shell')).stdout).to.equal('a private note\n');
    });
  });
});
