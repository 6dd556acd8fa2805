{$mode objfpc}
program trees;
uses sysutils;
var i: integer; s: int64 = 0; f: text; line: string;
begin
  for i := 1 to 1000 do s := s + sqr(int64(i));
  writeln('sum ', s, ' ', format('%.3f', [sqrt(2)]));
  assign(f, 'words'); reset(f);
  while not eof(f) do begin readln(f, line); write(upcase(line), ' '); end;
  close(f); writeln;
  try raise exception.create('raised'); except on e: exception do writeln(e.message); end;
  halt(3);
end.
