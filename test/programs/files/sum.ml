let () = print_int (List.fold_left (+) 0 (List.init 1000 (fun i->i)))
