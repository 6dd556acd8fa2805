require 'json'
require 'digest'
require 'zlib'
require 'set'
words = File.readlines('words', chomp: true)
puts JSON.generate(words.group_by(&:size).transform_values(&:count))
puts Digest::SHA256.hexdigest(words.join), Zlib.crc32(words.join), Zlib::Inflate.inflate(Zlib::Deflate.deflate('x' * 99)).size
Dir.mkdir('made'); File.write('made/f', words.reverse.join("\n")); File.chmod(0o600, 'made/f')
puts Dir.glob('made/*').inspect, (File.open('missing') rescue $!.message)
f = Fiber.new { 3.times { |i| Fiber.yield i }; :done }
puts 4.times.map { f.resume }.inspect
puts (1..200).reduce(:*).to_s.size, [3, 1, 2].sort.inspect, "é".unpack('U*').inspect, GC.start.inspect
exit 5
