<?php
$server = stream_socket_server('tcp://127.0.0.1:0', $number, $error) ?: die("$error\n");
$client = stream_socket_client('tcp://' . stream_socket_get_name($server, false));
$peer = stream_socket_accept($server);
fwrite($client, "hello\n");
echo fgets($peer), feof($peer) ? 'end' : 'open', "\n";
[$a, $b] = stream_socket_pair(STREAM_PF_UNIX, STREAM_SOCK_STREAM, 0);
fwrite($a, str_repeat('x', 1000)); echo strlen(fread($b, 2000)), "\n";
$read = [$b]; $write = [$a]; $none = null;
echo stream_select($read, $write, $none, 0, 10), "\n";
$words = file('words', FILE_IGNORE_NEW_LINES);
usort($words, fn($x, $y) => strlen($x) <=> strlen($y) ?: strcmp($x, $y));
echo json_encode(array_count_values(array_map('strlen', $words))), ' ', implode(',', $words), "\n";
echo preg_replace_callback('/(\w+) (\d+)/', fn($m) => $m[2] * 2 . $m[1], (string) file('text')[1]);
mkdir('made'); file_put_contents('made/f', serialize($words)); echo filesize('made/f'), ' ', md5_file('made/f'), "\n";
echo @file_get_contents('missing') === false ? error_get_last()['message'] : '', "\n";
$lock = fopen('lock', 'c+'); var_dump(flock($lock, LOCK_EX | LOCK_NB));
function deep($n) { return $n ? 1 + deep($n - 1) : 0; }
echo deep(20000), ' ', hash('xxh3', 'x'), ' ', base64_encode(gzdeflate(str_repeat('ab', 500))), "\n";
exit(6);
