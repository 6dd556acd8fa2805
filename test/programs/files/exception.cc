#include <iostream>
#include <stdexcept>
#include <string>
#include <vector>

static int deeper(int n)
{
	std::vector<std::string> held(3, std::string(100, 'x'));
	return n ? deeper(n - 1) + 1 : throw std::out_of_range("seven");
}

int main()
{
	try {
		return deeper(7);
	} catch (const std::exception &e) {
		std::cout << "caught " << e.what() << std::endl;
	}
}
