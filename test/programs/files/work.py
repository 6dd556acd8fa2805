"""A day's work of a library: no system calls but memory and files, and much of both."""
import bz2, collections, csv, decimal, difflib, email.message, hashlib, html.parser, io, json, lzma, pickle, random, re
import shelve, sqlite3, statistics, string, tarfile, textwrap, unicodedata, xml.etree.ElementTree as tree, zipfile, zlib
random.seed(1)
lines = open('large').read().splitlines()
print(statistics.mean(int(l.split()[1]) for l in lines), collections.Counter(l.split()[2] for l in lines).most_common(2))
data = bytes(random.randrange(256) for _ in range(200000)) + b'\0' * 2000000
for name, squeeze, expand in (('zlib', zlib.compress, zlib.decompress), ('bz2', bz2.compress, bz2.decompress), ('lzma', lzma.compress, lzma.decompress)):
    packed = squeeze(data)
    print(name, len(packed), expand(packed) == data)
print([hashlib.new(n, data).hexdigest()[:8] for n in ('md5', 'sha1', 'sha3_256', 'blake2b')], hashlib.scrypt(b'x', salt=b'y', n=1024, r=8, p=1).hex()[:8])
decimal.getcontext().prec = 200
print(str(decimal.Decimal(2).sqrt())[-10:], pow(3, 10**5, 10**40 + 7))
with sqlite3.connect('work.db') as db:
    db.execute('create table t(a integer primary key, b text)')
    db.executemany('insert into t(b) values(?)', ((l,) for l in lines))
    print(db.execute('select count(*), max(length(b)) from t where b like "%oak"').fetchone())
with shelve.open('shelf') as shelf:
    shelf['x'] = {'deep': [1, 2, (3,)]}
    print(shelf['x'])
with zipfile.ZipFile('w.zip', 'w', zipfile.ZIP_LZMA) as z:
    z.writestr(zipfile.ZipInfo('a/b', (2020, 1, 1, 0, 0, 0)), data[:5000])
print(zipfile.ZipFile('w.zip').testzip(), len(pickle.dumps(lines, 5)), json.loads(json.dumps({'é': [1.5, None]})))
with tarfile.open('w.tar.xz', 'w:xz') as t:
    info = tarfile.TarInfo('x'); info.size = 3; t.addfile(info, io.BytesIO(b'abc'))
root = tree.parse('in/trees.xml').getroot()
print([e.get('id') for e in root.iter('tree')], len(re.findall(r'\b(\w)\w*\1\b', open('text').read())), unicodedata.name('é'))
print('\n'.join(difflib.unified_diff(open('words').read().split(), open('other').read().split(), lineterm=''))[:80])
matrix = [[random.random() for _ in range(60)] for _ in range(60)]
print(round(sum(sum(a * b for a, b in zip(r, c)) for r in matrix for c in zip(*matrix)), 6))
