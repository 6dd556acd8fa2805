module M = Map.Make (String)
let rec fib n = if n < 2 then n else fib (n - 1) + fib (n - 2)
let () =
  let ic = open_in "text" in
  let m = ref M.empty in
  (try while true do
    let w = List.hd (String.split_on_char ' ' (input_line ic)) in
    m := M.update w (function None -> Some 1 | Some n -> Some (n + 1)) !m
  done with End_of_file -> close_in ic);
  M.iter (Printf.printf "%s=%d ") !m;
  Printf.printf "%d %.3f\n" (fib 22) (sqrt 2.);
  (try ignore (open_in "missing") with Sys_error e -> print_endline e);
  exit 4
