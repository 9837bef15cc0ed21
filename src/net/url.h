// Percent-encoding, form fields and addresses. Threads: any.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace luma::net {

// nullopt on a "%" without two hexadecimal digits. `plus_is_space` is for form fields only.
std::optional<std::string> PercentDecode(std::string_view text, bool plus_is_space);
std::string PercentEncode(std::string_view text);

// "http://user:password@host/" as "http://user:xxxxx@host/", and what has no password as it is. One
// that is not encoded as it should be is found too, but for digits before a "/", "?" or "#", which
// are a port.
std::string WithoutPassword(std::string_view url);

// "127.0.0.1:8080", "[::1]:8080", "localhost:8080"
std::string HostAndPort(std::string_view host, uint16_t port);

// The fields of a query string or form body, in order, repeats kept.
class FormFields {
 public:
  // nullopt when a name or value is not validly encoded.
  static std::optional<FormFields> Parse(std::string_view text);
  void Append(FormFields other);

  // The first value of `name`, "" when absent.
  std::string_view Get(std::string_view name) const;
  bool Has(std::string_view name) const;
  std::vector<std::string_view> GetAll(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, std::string>> fields_;
};

}  // namespace luma::net
