#include <algorithm>
#include <fstream>
#include <iostream>
#include <map>
#include <memory>
#include <regex>
#include <sstream>
#include <string>
#include <variant>
#include <vector>

template <int N> struct Fibonacci { static constexpr long value = Fibonacci<N - 1>::value + Fibonacci<N - 2>::value; };
template <> struct Fibonacci<1> { static constexpr long value = 1; };
template <> struct Fibonacci<0> { static constexpr long value = 0; };

struct Shape { virtual ~Shape() = default; virtual double area() const = 0; };
struct Square : Shape { double a; explicit Square(double a) : a(a) {} double area() const override { return a * a; } };

int main()
{
	std::ifstream file("text");
	std::map<std::string, int> count;
	const std::regex word("([a-z]+) ([0-9]+)");
	for (std::string line; std::getline(file, line);) {
		std::smatch found;
		if (std::regex_search(line, found, word))
			count[found[1]] += std::stoi(found[2]);
	}
	for (const auto &[name, n] : count)
		std::cout << name << '=' << n << ' ';
	std::vector<std::unique_ptr<Shape>> shapes;
	shapes.push_back(std::make_unique<Square>(3));
	std::variant<int, std::string> v = std::string("text");
	std::cout << Fibonacci<40>::value << ' ' << shapes[0]->area() << ' ' << std::get<std::string>(v) << std::endl;
	try {
		std::get<int>(v);
	} catch (const std::bad_variant_access &e) {
		std::cerr << e.what() << '\n';
	}
}
