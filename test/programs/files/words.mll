{ }
rule count n = parse
  | ['a'-'z']+ { count (n + 1) lexbuf }
  | eof { n }
  | _ { count n lexbuf }
{ let () = print_int (count 0 (Lexing.from_channel (open_in "text"))) }
