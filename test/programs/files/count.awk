{ n[$3]++; s[$3] += $1 * $2 % 97; t = t substr($3, 1, 1) }
END { for (k in n) m++; print m, length(t), n["oak"], s["elm"]; gsub(/[ae]/, "_", t); print substr(t, 1, 40); printf "%.6f %s\n", atan2(1, 2), toupper("x") }
